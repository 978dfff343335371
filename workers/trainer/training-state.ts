import type { Tensor } from '@tensorflow/tfjs-core'
import { learningRateFactors } from '../../src/training/contract.js'
import type { TensorFlow } from '../engines/engine.js'
import { EarlyStopping } from './early-stopping.js'
import { initializeWeights } from './initialize.js'
import { createOptimizer, type Optimizer } from './optimizers.js'
import { StepMetrics } from './step-metrics.js'
import { Stopwatch } from './stopwatch.js'
import type { TrainingTask } from './training-task.js'

/**
 * All that a run's next step depends on besides its task. Whatever is random follows from the task's seed and
 * the counts here, so that nothing else is to be kept. It is whole between any two steps, and after a run
 * that was aborted: see `takeSnapshot`.
 */
export interface TrainingState {
  weights: Tensor[]
  readonly optimizer: Optimizer
  /** Steps taken. */
  step: number
  /** The epoch in progress, counted from 1. */
  epoch: number
  /** How many images of the epoch's order have been trained on. */
  position: number
  /** Of the epoch in progress. */
  metrics: StepMetrics
  readonly earlyStopping: EarlyStopping | undefined
  /** Wall time of the steps of all epochs before, without validation. */
  trainingSeconds: number
  /** Wall time since the run's beginning, but for the time in which no process worked on it. */
  stopwatch: Stopwatch
}

/**
 * The state that a run begins with. It is the caller's to dispose.
 * @param weights to begin with others than the seed's; taken over
 */
export function createState(
  tf: TensorFlow,
  { spec, network }: TrainingTask,
  weights = initializeWeights(tf, network, spec.seed),
): TrainingState {
  return {
    weights,
    optimizer: createOptimizer(tf, spec.optimizer, network, learningRateFactors(network, spec.from)),
    step: 0,
    epoch: 1,
    position: 0,
    metrics: new StepMetrics(tf),
    earlyStopping: spec.earlyStopping ? new EarlyStopping(tf, spec.earlyStopping) : undefined,
    trainingSeconds: 0,
    stopwatch: new Stopwatch(),
  }
}

export function disposeState(tf: TensorFlow, state: TrainingState): void {
  tf.dispose(state.weights)
  state.optimizer.dispose()
  state.metrics.dispose()
  state.earlyStopping?.dispose()
}
