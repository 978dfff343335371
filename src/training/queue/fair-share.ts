import type { RunPriority } from '../../generated/prisma/enums.js'

/** A run that was let into a queue and that no worker has taken. */
export interface WaitingRun {
  /** UUIDs of version 7: their order is that of the launches. */
  readonly id: string
  readonly ownerId: string
  readonly priority: RunPriority
  /** Its start tag, where it has one. */
  readonly tag: number | null
}

const ranks: Readonly<Record<RunPriority, number>> = { URGENT: 0, HIGH: 1, NORMAL: 2, LOW: 3 }

/** The more urgent first, then the older: the order among the runs of one owner. */
export function compareRuns(
  a: Pick<WaitingRun, 'id' | 'priority'>,
  b: Pick<WaitingRun, 'id' | 'priority'>,
): number {
  return ranks[a.priority] - ranks[b.priority] || (a.id < b.id ? -1 : 1)
}

/**
 * Gives each waiting run its start tag, after start-time fair queueing (P. Goyal, H. M. Vin, H. Cheng, "Start-time
 * Fair Queueing", SIGCOMM 1996, section 2): S = max(v, F of the owner's run before), F = S + 1, as the length of a
 * run is not known before it has run. Whoever takes the lowest start tag first serves all owners in turn.
 *
 * A tag stays with its owner: a run of a higher priority takes the earliest that the owner's waiting runs have,
 * so that nobody gains on others by a priority. An urgent run has none, and stands before all.
 *
 * @param virtualTime the highest start tag that was taken
 * @param finished for each owner the finish tag of the last run that was taken
 * @returns the tag of each run by its id
 */
export function assignTags(
  virtualTime: number,
  finished: ReadonlyMap<string, number>,
  waiting: readonly WaitingRun[],
): Map<string, number | null> {
  const tags = new Map<string, number | null>()
  for (const [ownerId, runs] of groupByOwner(waiting)) {
    const sharing = runs.filter(run => run.priority !== 'URGENT').sort(compareRuns)
    const slots = sharing.flatMap(run => (run.tag === null ? [] : [run.tag])).sort((a, b) => a - b)
    let next = Math.max(virtualTime, finished.get(ownerId) ?? 0, (slots.at(-1) ?? -1) + 1)
    while (slots.length < sharing.length) slots.push(next++)
    for (const run of runs) tags.set(run.id, null)
    for (const [i, run] of sharing.entries()) tags.set(run.id, slots[i] ?? null)
  }
  return tags
}

/** What `Map.groupBy` will do once no Node before 21 is to be served. */
export function groupByOwner<Run extends { readonly ownerId: string }>(
  runs: readonly Run[],
): Map<string, Run[]> {
  const groups = new Map<string, Run[]>()
  for (const run of runs) {
    const group = groups.get(run.ownerId)
    if (group) group.push(run)
    else groups.set(run.ownerId, [run])
  }
  return groups
}

const urgentPriority = 1
/** BullMQ takes priorities up to 2^21, the lowest first, equal ones in the order in which they came. */
const lastPriority = 2 ** 21 - 1

/** A start tag as the priority of a job, counted from the queue's epoch. */
export function jobPriority(tag: number | null, epoch: number): number {
  if (tag === null) return urgentPriority
  return Math.min(urgentPriority + 1 + Math.max(tag - epoch, 0), lastPriority)
}
