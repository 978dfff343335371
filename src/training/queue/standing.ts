import { z } from 'zod'
import type { MachineClass } from '../../generated/prisma/enums.js'
import { type HoldReason, holdReasons } from './decide-releases.js'
import type { Place } from './queue-snapshot.js'

/** Why a queued run does not train yet. */
export const waitReasons = ['IN_LINE', 'QUEUE_PAUSED', 'NO_WORKER', 'NO_GPU_WORKER', ...holdReasons] as const
export type WaitReason = (typeof waitReasons)[number]

/** Where a queued run stands, as both faces show it. */
export const standingBody = z.object({
  held: z.boolean().describe('Whether a quota holds it back from its queue.'),
  place: z
    .number()
    .nullable()
    .describe('In the queue of its class of machine, counted from 1; null while held.'),
  estimatedStart: z.date().nullable().describe('Null where it cannot be told.'),
  reason: z.enum(waitReasons),
  message: z.string().describe('The reason, for people.'),
})
export type Standing = z.output<typeof standingBody>

const messages: Readonly<Record<WaitReason, string>> = {
  IN_LINE: 'It waits for its turn.',
  QUEUE_PAUSED: 'An admin has paused the queue: no run is taken until it is resumed.',
  NO_WORKER: 'No worker is there to train it: it begins when one comes.',
  NO_GPU_WORKER: 'It asks for a GPU, and no worker with one is there: it begins when one comes.',
  USER_RUNS_AT_ONCE: 'As many of your runs are in the queue or training as you may have at once.',
  COURSE_RUNS_AT_ONCE: 'As many runs of the course are in the queue or training as it may have at once.',
  USER_GPU_SECONDS: 'Your runs have used the GPU-seconds that they may use within 24 hours.',
  COURSE_GPU_SECONDS: 'The runs of the course have used the GPU-seconds that they may use within 24 hours.',
  STUDENT_RUNS_AT_ONCE: "Another of your runs uses the course's budget: one trains at a time.",
  STUDENT_BUDGET:
    'The seconds of training that the course gives you a day are spent: it begins tomorrow (UTC).',
}

/** @param place undefined where it has none (yet) */
export function describeStanding(
  run: { machineClass: MachineClass; heldReason: HoldReason | null },
  place: Place | undefined,
): Standing {
  const { heldReason } = run
  const reason = heldReason ?? findReason(run, place)
  const line = heldReason === null && place !== undefined ? place : { place: null, estimatedStart: null }
  return {
    held: heldReason !== null,
    place: line.place,
    estimatedStart: line.estimatedStart,
    reason,
    message: messages[reason],
  }
}

function findReason({ machineClass }: { machineClass: MachineClass }, place: Place | undefined): WaitReason {
  if (place?.paused) return 'QUEUE_PAUSED'
  if (place?.hasWorker === false) return machineClass === 'GPU' ? 'NO_GPU_WORKER' : 'NO_WORKER'
  return 'IN_LINE'
}
