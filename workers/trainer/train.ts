import { setImmediate } from 'node:timers/promises'
import { learningRateAt, type TrainerEvent, trainableAt } from '../../src/training/contract.js'
import type { Engine } from '../engines/engine.js'
import { RandomStream } from '../random/random-stream.js'
import { shuffle } from '../random/shuffle.js'
import { type BatchData, chunk, readBatch } from './batches.js'
import { evaluate } from './evaluate.js'
import { diverged } from './failure.js'
import { type GradientSource, openGradientSource } from './gradient-source.js'
import { type TimeStage, untimed } from './stages.js'
import { StepMetrics } from './step-metrics.js'
import type { TrainingState } from './training-state.js'
import { applyGradients, type StepGradients } from './training-step.js'
import type { TrainingTask } from './training-task.js'

export interface TrainingObserver {
  /** Hears `step` and `epoch` events. */
  emit(event: TrainerEvent): void
  /** Called when an epoch was told, with the weights that it ended with: the loop waits. */
  afterEpoch?(state: TrainingState): Promise<void>
  /** Called between steps, and between epochs: the loop waits, so that the state can be saved. */
  betweenSteps?(state: TrainingState): Promise<void>
  timeStage?: TimeStage
}

export interface TrainingEnd {
  endedBy: 'epochs' | 'earlyStopping' | 'deadline'
  /** Whose weights the state has now: one that the deadline cut short counts too. */
  keptEpoch: number
}

/**
 * The training loop: goes on from a state to the end of the run, changing the state. It lets the event loop
 * turn after every step, so that a request to stop is heard. Stopped or failed, it leaves the state between
 * two steps.
 * @throws Failure when the loss is no longer a number; what `signal` was aborted with when it was
 */
export async function train(
  engine: Engine,
  task: TrainingTask,
  state: TrainingState,
  observer: TrainingObserver,
  signal: AbortSignal,
): Promise<TrainingEnd> {
  const { spec, network } = task
  const source = openGradientSource(engine, network, spec.seed)
  const isTimeUp = () => spec.maxSeconds !== undefined && state.stopwatch.seconds >= spec.maxSeconds
  try {
    while (state.epoch <= spec.epochs && !state.earlyStopping?.isDue && !isTimeUp()) {
      const epoch = () => trainEpoch(engine, task, state, source, observer, signal, isTimeUp)
      const { timeStage = untimed } = observer
      if (!(await timeStage({ name: 'epoch', epoch: state.epoch }, epoch))) break
    }
  } finally {
    await source.close()
  }
  const best = state.earlyStopping?.best
  if (best) {
    engine.tf.dispose(state.weights)
    state.weights = best.weights.map(weight => engine.tf.clone(weight))
  }
  return { endedBy: reasonOfEnd(task, state), keptEpoch: best?.epoch ?? lastTrained(state) }
}

/** @returns whether it was trained to its end: the time may be up before */
async function trainEpoch(
  engine: Engine,
  task: TrainingTask,
  state: TrainingState,
  source: GradientSource,
  observer: TrainingObserver,
  signal: AbortSignal,
  isTimeUp: () => boolean,
): Promise<boolean> {
  const { spec } = task
  if (state.position === 0 && state.epoch === spec.from?.unfreezeAtEpoch) {
    // What it remembers is of other weights, and its count of steps would make the first ones of these too large.
    state.optimizer.reset()
  }
  state.metrics.startClock()
  const batches = readEpoch(task, state)
  let next = batches.next()
  while (!next.done && !isTimeUp()) {
    const { epoch, metrics } = state
    const { labels } = next.value
    const computing = computeOn(task, state, source, next.value)
    // The engine may still be at work on that: the next batch is made meanwhile.
    next = batches.next()
    const learningRate = endStep(engine, task, state, labels.length, await computing)
    if (metrics.isSampleDue(state.stopwatch.seconds)) {
      observer.emit({
        type: 'step',
        epoch,
        step: state.step,
        learningRate,
        ...(await metrics.readSample()),
      })
    } else if (metrics.isReadingDue()) await metrics.readTotals()
    await setImmediate()
    await observer.betweenSteps?.(state)
    signal.throwIfAborted()
  }
  if (!next.done) return false
  await endEpoch(engine, task, state, observer, signal)
  await observer.betweenSteps?.(state)
  signal.throwIfAborted()
  return true
}

function reasonOfEnd(
  { spec }: TrainingTask,
  { epoch, earlyStopping }: TrainingState,
): TrainingEnd['endedBy'] {
  if (epoch > spec.epochs) return 'epochs'
  return earlyStopping?.isDue ? 'earlyStopping' : 'deadline'
}

function lastTrained({ epoch, position }: TrainingState): number {
  return position > 0 ? epoch : Math.max(epoch - 1, 1)
}

/** What is left of an epoch's images, in an order and a variation that follow from seed and epoch. */
function* readEpoch({ spec, dataset, images }: TrainingTask, state: TrainingState): Generator<BatchData> {
  const { epoch, position } = state
  const { augmentation, seed, batchSize } = spec
  const order = shuffle(images.training.slice(), new RandomStream(seed, 'shuffle', [epoch, 0]))
  const variation = augmentation ? { augmentation, seed, epoch } : undefined
  for (const indices of chunk(order.subarray(position), batchSize)) {
    yield readBatch(dataset.training, dataset.description.inputShape, indices, variation)
  }
}

/** Begins a step. */
function computeOn(
  { spec, network }: TrainingTask,
  { weights, step, epoch }: TrainingState,
  source: GradientSource,
  batch: BatchData,
): Promise<StepGradients> {
  return source.compute(weights, batch, {
    step: step + 1,
    labelSmoothing: spec.labelSmoothing,
    trainable: trainableAt(network, spec.from, epoch),
  })
}

/** Ends it; its loss is read later. Gives its learning rate. */
function endStep(
  { tf }: Engine,
  { spec, network, images: { training } }: TrainingTask,
  state: TrainingState,
  images: number,
  { loss, correct, ...gradients }: StepGradients,
): number {
  const step = state.step + 1
  const length = { epochs: spec.epochs, stepsPerEpoch: Math.ceil(training.length / spec.batchSize) }
  const learningRate = learningRateAt(spec.schedule, spec.learningRate, length, step)
  state.weights = applyGradients(tf, network, state.weights, gradients, {
    optimizer: state.optimizer,
    learningRate,
    gradientClipping: spec.gradientClipping,
  })
  state.step = step
  state.position += images
  state.metrics.add({ step, images, loss, correct })
  return learningRate
}

/** Validates, reports, and goes over to the next epoch. */
async function endEpoch(
  engine: Engine,
  { network, dataset, images }: TrainingTask,
  state: TrainingState,
  { emit, afterEpoch }: TrainingObserver,
  signal: AbortSignal,
): Promise<void> {
  const { epoch, step, metrics, weights, earlyStopping } = state
  const { inputShape } = dataset.description
  const means = await metrics.readEpoch()
  const validation =
    images.validation.length > 0
      ? await evaluate(engine, network, weights, inputShape, dataset.training, images.validation, signal)
      : undefined
  if (validation && !Number.isFinite(validation.loss)) throw diverged(`after step ${step}`)
  const best = validation && earlyStopping?.judge(epoch, validation, weights)
  emit({
    type: 'epoch',
    epoch,
    step,
    ...means,
    validationLoss: validation?.loss ?? null,
    validationAccuracy: validation?.accuracy ?? null,
    ...(best === undefined ? {} : { best }),
    seconds: metrics.seconds,
  })
  await afterEpoch?.(state)
  state.trainingSeconds += metrics.seconds
  state.metrics = new StepMetrics(engine.tf)
  state.epoch++
  state.position = 0
}
