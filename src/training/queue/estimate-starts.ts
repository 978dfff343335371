import type { MachineClass } from '../../generated/prisma/enums.js'

/** A worker that lives and takes runs. */
export interface WorkingWorker {
  readonly slots: number
  readonly classes: readonly MachineClass[]
  /** For each run that it has the seconds that are left of it. */
  readonly remaining: readonly number[]
}

export interface AwaitedRun {
  readonly id: string
  readonly machineClass: MachineClass
  /** How long it is taken to train. */
  readonly seconds: number
}

/**
 * In how many seconds each waiting run begins, if every run takes as long as it is taken to: list scheduling
 * (R. L. Graham, "Bounds on Multiprocessing Timing Anomalies", 1969), each run on the slot that is free first.
 * What needs a GPU is placed first, as workers with one take it first.
 *
 * @param waiting in the order in which the runs are taken
 * @returns nothing of a run that no worker can do
 */
export function estimateStarts(
  workers: readonly WorkingWorker[],
  waiting: readonly AwaitedRun[],
): Map<string, number> {
  const slots = workers.flatMap(({ slots, classes, remaining }) =>
    Array.from({ length: slots }, (_, i) => ({ classes, freeAt: remaining[i] ?? 0 })),
  )
  const starts = new Map<string, number>()
  for (const machineClass of ['GPU', 'CPU'] as const) {
    for (const run of waiting.filter(run => run.machineClass === machineClass)) {
      const able = slots.filter(slot => slot.classes.includes(machineClass))
      const first = able.reduce<(typeof slots)[number] | undefined>(
        (best, slot) => (best === undefined || slot.freeAt < best.freeAt ? slot : best),
        undefined,
      )
      if (first === undefined) continue
      starts.set(run.id, first.freeAt)
      first.freeAt += run.seconds
    }
  }
  return starts
}
