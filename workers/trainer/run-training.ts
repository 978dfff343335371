import type { Tensor } from '@tensorflow/tfjs-core'
import type { Network } from '../../src/networks/network.js'
import {
  findDataset,
  findMemoryProblem,
  keepClasses,
  planRun,
  type RunPlan,
  resolveNetwork,
  type SpecProblem,
  type TrainCommand,
  type TrainerEvent,
  type TrainingSpec,
  validateSpec,
} from '../../src/training/contract.js'
import { loadDataset, readUpload } from '../datasets/load-dataset.js'
import { selectClasses } from '../datasets/select-classes.js'
import { chooseEngine } from '../engines/choose-engine.js'
import type { TensorFlow } from '../engines/engine.js'
import { checkImages } from './check-images.js'
import { checkMemory } from './check-memory.js'
import { readCheckpoint } from './checkpoint-file.js'
import type { Checkpoints } from './checkpoints.js'
import { readCodeVersion } from './code-version.js'
import { EpochSamples } from './epoch-samples.js'
import { evaluate } from './evaluate.js'
import { diverged, Failure } from './failure.js'
import { saveModel } from './save-model.js'
import { selectImages } from './select-images.js'
import { restoreState } from './snapshot.js'
import type { TimeStage } from './stages.js'
import { TestRecorder } from './test-recorder.js'
import { train } from './train.js'
import { createState, disposeState, type TrainingState } from './training-state.js'
import type { TrainingTask } from './training-task.js'
import { transferWeights } from './transfer-weights.js'
import { describeWorkload } from './workload.js'

/**
 * One execution of a run from its spec to the saved model.
 * @returns the names of the files written in the command's output directory
 * @throws Failure, or another error that `describeFailure` puts into words
 */
export async function runTraining(
  command: TrainCommand,
  emit: (event: TrainerEvent) => void,
  openCheckpoints: (begin: Pick<TrainingState, 'step' | 'epoch'>) => Checkpoints,
  signal: AbortSignal,
  timeStage: TimeStage,
): Promise<string[]> {
  const { spec, datasetsDirectory, outputDirectory, upload } = command
  const network = getNetwork(spec, upload?.description)
  const whole = await timeStage({ name: 'load data' }, () =>
    upload ? readUpload(upload) : loadDataset(spec.dataset, datasetsDirectory),
  )
  const dataset = selectClasses(whole, spec.classes)
  signal.throwIfAborted()
  const plan = planRun(spec, dataset.description)
  const images = selectImages(spec, dataset)
  checkImages(dataset, images)
  const workload = describeWorkload(network, spec, images.training.length)
  const engine = await timeStage({ name: 'open engine' }, () => chooseEngine(spec.engine, workload))
  const tooLarge = findMemoryProblem(network, spec, engine.name)
  if (tooLarge) throw impossible(tooLarge)
  checkMemory(engine, workload)
  const task = { spec, network, dataset, images }
  const state = await beginOrGoOn(engine.tf, task, command)
  const { step, epoch } = state

  emit({
    type: 'started',
    engine: engine.name,
    device: engine.device,
    engineVersion: engine.version,
    architecture: network.name,
    dataset: spec.dataset,
    datasetChecksum: dataset.checksum,
    versions: {
      code: readCodeVersion(),
      node: process.version,
      tfjs: engine.tf.version_core,
      platform: `${process.platform}-${process.arch}`,
    },
    parameters: network.parameters,
    epochs: spec.epochs,
    ...plan,
    ...(command.checkpointFile === undefined ? {} : { resumedFrom: { step, epoch } }),
  })
  const checkpoints = openCheckpoints({ step, epoch })
  const samples = new EpochSamples(task)
  const observer = {
    async afterEpoch(state: TrainingState) {
      emit(await samples.look(engine, state, signal))
    },
    emit(event: TrainerEvent) {
      if (event.type === 'epoch') checkpoints.noteEpoch(event.validationLoss)
      emit(event)
    },
    betweenSteps: (state: TrainingState) => checkpoints.betweenSteps(state),
    timeStage,
  }
  try {
    const { endedBy, keptEpoch } = await train(
      engine,
      limitTime(task, state, command),
      state,
      observer,
      signal,
    )
    const { weights, trainingSeconds } = state
    const { inputShape, classNames } = dataset.description
    const recorder = new TestRecorder(dataset.test, inputShape, classNames.length)
    const test = await timeStage({ name: 'evaluate' }, () =>
      evaluate(
        ...([engine, network, weights, inputShape, dataset.test, images.test, signal] as const),
        (index, logits) => recorder.record(index, logits),
      ),
    )
    if (!Number.isFinite(test.loss)) throw diverged('on the test images')
    const files = await timeStage({ name: 'save' }, () =>
      saveModel(network, weights, outputDirectory, {
        architecture: network.name,
        dataset: spec.dataset,
        datasetChecksum: dataset.checksum,
        classNames,
        spec,
      }),
    )
    emit({
      type: 'finished',
      testLoss: test.loss,
      testAccuracy: test.accuracy,
      confusionMatrix: test.confusionMatrix,
      classNames: [...classNames],
      seconds: state.stopwatch.seconds,
      imagesPerSecond: imagesTrained(plan, state) / Math.max(trainingSeconds + state.metrics.seconds, 0.001),
      engine: engine.name,
      device: engine.device,
      endedBy,
      keptEpoch,
    })
    return [...files, ...(await recorder.save(outputDirectory))]
  } finally {
    disposeState(engine.tf, state)
  }
}

function imagesTrained({ trainingImages }: RunPlan, { epoch, position }: TrainingState): number {
  return trainingImages * (epoch - 1) + position
}

/** What loading has taken since the process began is part of what the attempt may take. */
function limitTime(task: TrainingTask, { stopwatch }: TrainingState, { secondsAllowed }: TrainCommand) {
  if (secondsAllowed === undefined) return task
  const left = Math.max(secondsAllowed - performance.now() / 1000, 0)
  const maxSeconds = Math.min(task.spec.maxSeconds ?? Number.POSITIVE_INFINITY, stopwatch.seconds + left)
  return { ...task, spec: { ...task.spec, maxSeconds } }
}

async function beginOrGoOn(
  tf: TensorFlow,
  task: TrainingTask,
  command: TrainCommand,
): Promise<TrainingState> {
  const { checkpointFile } = command
  if (checkpointFile !== undefined) return restoreState(tf, task, await readCheckpoint(checkpointFile))
  return createState(tf, task, await firstWeights(tf, command, task.network))
}

/** Those of the model that the run begins with; undefined where the seed says which. */
async function firstWeights(
  tf: TensorFlow,
  { spec: { seed, from }, sourceDirectory: directory }: TrainCommand,
  network: Network,
): Promise<Tensor[] | undefined> {
  if (from === undefined) return undefined
  if (directory === undefined) throw new Error('a fine-tuning comes with the model that it begins with')
  return transferWeights(tf, network, { seed, newHead: from.newHead ?? false, directory })
}

function getNetwork(spec: TrainingSpec, dataset = findDataset(spec.dataset)): Network {
  const [problem] = validateSpec(spec, dataset)
  if (problem) throw impossible(problem)
  const resolved = dataset ? resolveNetwork(spec, keepClasses(dataset, spec.classes)) : { problems: [] }
  if ('network' in resolved) return resolved.network
  throw new Error('a valid spec has a network')
}

function impossible({ field, message }: SpecProblem): Failure {
  return new Failure({
    code: 'SPEC_IMPOSSIBLE',
    message,
    hint: `Change '${field}' and launch the run again.`,
    fault: 'spec',
  })
}
