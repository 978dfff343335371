/**
 * Makes an action that runs one at a time: asked for while it runs, it runs once more afterwards, however often it
 * was asked. The promise is that of a run that began after the question.
 */
export function oneAtATime(action: () => Promise<void>): () => Promise<void> {
  let latest: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined
  return () => {
    next ??= latest
      .catch(() => {})
      .then(() => {
        next = undefined
        latest = action()
        return latest
      })
    return next
  }
}
