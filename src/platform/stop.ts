const graceMs = 10_000

/**
 * Runs `stop` once, at the first SIGINT, SIGTERM or SIGHUP (the terminal was closed), or when the parent that
 * started this process over IPC is gone, then ends the process: with 0, or with 1 where stopping failed or took
 * longer than the grace period.
 */
export function onStop(stop: () => Promise<void>): void {
  let stopping = false
  const begin = () => {
    if (stopping) return
    stopping = true
    setTimeout(() => process.exit(1), graceMs).unref()
    stop().then(
      () => process.exit(0),
      error => {
        console.error(error instanceof Error ? error.message : error)
        process.exit(1)
      },
    )
  }
  process.on('SIGINT', begin)
  process.on('SIGTERM', begin)
  process.on('SIGHUP', begin)
  process.on('disconnect', begin)
  // The parent may have gone before anybody listened.
  if (process.connected === false) begin()
}
