import type { MachineClass } from '../../generated/prisma/enums.js'
import type { TrainingSpec } from '../spec/training-spec.js'

/** The queue of each class of machine. */
export const trainingQueues = {
  CPU: 'training-cpu',
  GPU: 'training-gpu',
} as const satisfies Record<MachineClass, string>

/** What a run must be trained on: what asks for a GPU waits for one, all others take what comes. */
export function machineClassOf({ engine }: Pick<TrainingSpec, 'engine'>): MachineClass {
  return engine === 'tensorflow-gpu' ? 'GPU' : 'CPU'
}
