/** Why a process can't go on, in words for who started it. */
export function describeFailure(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  if (!isDiskFull(error)) return message
  const reason = message.trim().split('\n').at(-1)
  return `The disk is full: free some space and start again. (${reason})`
}

/** ENOSPC of the file system, EDQUOT of a quota, 53100 of PostgreSQL; also where it is the cause of another error. */
function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = 'code' in error ? error.code : undefined
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === '53100') return true
  // Prisma gives PostgreSQL's code and words as a part of its own.
  return /Code: `53100`|No space left on device/.test(error.message) || isDiskFull(error.cause)
}
