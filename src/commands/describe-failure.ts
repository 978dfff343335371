/** An error in words for who typed the command. */
export function describeFailure(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return isDiskFull(error) ? `The disk is full: free some space and start again. (${message})` : message
}

/** ENOSPC of the file system, EDQUOT of a quota, 53100 of PostgreSQL; also where it is the cause of another error. */
function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = 'code' in error ? error.code : undefined
  return code === 'ENOSPC' || code === 'EDQUOT' || code === '53100' || isDiskFull(error.cause)
}
