import type { FailureReport } from '../../src/training/contract.js'

/** Says that the storage failed, to whoever owns the run. */
export function describeStorageFailure(code: string, what: string, error: unknown): FailureReport {
  return {
    code,
    message: `${what}: ${describeStorageError(error)}.`,
    hint: 'Look at the space, the permissions and the connection of the storage, then launch the run again.',
    fault: 'machine',
  }
}

/** The storage's own message may name hosts, buckets and folders: it is for the log. */
export function describeStorageError(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return reasons[code] ?? 'the storage failed, the worker’s log says how'
}

const reasons: Record<string, string> = {
  ENOSPC: 'there is no space left (ENOSPC)',
  EDQUOT: 'a quota of space is used up (EDQUOT)',
  EACCES: 'the worker has no right to it (EACCES)',
  EROFS: 'the file system is read-only (EROFS)',
}
