interface Waiting {
  readonly id: string
  readonly fairStart: number | null
  readonly releasedAt: Date
}

/** The order in which a queue gives its jobs: by priority, equal ones as they were enqueued. */
export function compareWaiting(a: Waiting, b: Waiting): number {
  return (
    (a.fairStart ?? -1) - (b.fairStart ?? -1) ||
    a.releasedAt.getTime() - b.releasedAt.getTime() ||
    (a.id < b.id ? -1 : 1)
  )
}
