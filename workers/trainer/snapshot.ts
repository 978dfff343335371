import type { Tensor } from '@tensorflow/tfjs-core'
import { z } from 'zod'
import type { TensorFlow } from '../engines/engine.js'
import { StepMetrics } from './step-metrics.js'
import { Stopwatch } from './stopwatch.js'
import { createState, type TrainingState } from './training-state.js'
import type { TrainingTask } from './training-task.js'

const count = z.int().nonnegative()

/** A state's numbers, as JSON holds them. */
export const snapshotProgress = z.strictObject({
  step: count,
  epoch: z.int().min(1),
  position: count,
  trainingSeconds: z.number().nonnegative(),
  wallSeconds: z.number().nonnegative(),
  optimizerSteps: count,
  epochTotals: z.strictObject({
    loss: z.number(),
    correct: count,
    images: count,
    milliseconds: z.number().nonnegative(),
  }),
  earlyStopping: z
    .strictObject({
      waited: count,
      best: z.strictObject({ epoch: z.int().min(1), value: z.number() }).nullable(),
    })
    .nullable(),
})

/** A training state outside of any engine, bit for bit. */
export interface Snapshot {
  progress: z.output<typeof snapshotProgress>
  /** By name: `weights/0` and on, `best/0` and on, and the optimizer's slots. */
  tensors: Map<string, { shape: number[]; values: Float32Array }>
}

/**
 * Copies a state that is between two steps; the run may go on from it meanwhile only after this has ended.
 * @throws Failure where a loss that had not been read yet is no finite number
 */
export async function takeSnapshot(state: TrainingState): Promise<Snapshot> {
  const { step, epoch, position, trainingSeconds, earlyStopping } = state
  const { steps, slots } = state.optimizer.state()
  const best = earlyStopping?.best
  const named = new Map([
    ...slots,
    ...nameWeights('weights', state.weights),
    ...nameWeights('best', best?.weights),
  ])
  const tensors = await Promise.all(
    [...named].map(async ([name, tensor]) => {
      const values = Float32Array.from(await tensor.data())
      return [name, { shape: tensor.shape, values }] as const
    }),
  )
  return {
    progress: {
      step,
      epoch,
      position,
      trainingSeconds,
      wallSeconds: state.stopwatch.seconds,
      optimizerSteps: steps,
      epochTotals: await state.metrics.readTotals(),
      earlyStopping: earlyStopping
        ? {
            waited: earlyStopping.waited,
            best: best ? { epoch: best.epoch, value: best.value } : null,
          }
        : null,
    },
    tensors: new Map(tensors),
  }
}

/**
 * The state that a snapshot was taken of. It is the caller's to dispose.
 * @throws Error where the snapshot is of another task
 */
export function restoreState(tf: TensorFlow, task: TrainingTask, snapshot: Snapshot): TrainingState {
  const { progress } = snapshot
  const tensorOf = (name: string) => {
    const stored = snapshot.tensors.get(name)
    if (!stored) throw new Error(`the snapshot has no '${name}'`)
    return tf.tensor(stored.values.slice(), stored.shape)
  }
  const shapes = task.network.layers.flatMap(layer => layer.weights.map(({ shape }) => shape))
  for (const [place, shape] of shapes.entries()) {
    if (`${snapshot.tensors.get(`weights/${place}`)?.shape}` !== `${shape}`) {
      throw new Error(`the snapshot's weight ${place} is not of shape [${shape}]`)
    }
  }
  const weightsOf = (kind: string) => shapes.map((_, place) => tensorOf(`${kind}/${place}`))
  const slotNames = [...snapshot.tensors.keys()].filter(name => !/^(weights|best)\//.test(name))
  const state = createState(tf, task, weightsOf('weights'))
  state.step = progress.step
  state.epoch = progress.epoch
  state.position = progress.position
  state.trainingSeconds = progress.trainingSeconds
  state.stopwatch = new Stopwatch(progress.wallSeconds)
  state.metrics = new StepMetrics(tf, progress.epochTotals)
  state.optimizer.restore({
    steps: progress.optimizerSteps,
    slots: new Map(slotNames.map(name => [name, tensorOf(name)])),
  })
  const best = progress.earlyStopping?.best
  state.earlyStopping?.restore(
    best ? { ...best, weights: weightsOf('best') } : undefined,
    progress.earlyStopping?.waited ?? 0,
  )
  return state
}

function nameWeights(kind: string, weights: readonly Tensor[] = []): [name: string, tensor: Tensor][] {
  return weights.map((weight, place) => [`${kind}/${place}`, weight])
}
