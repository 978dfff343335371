import { z } from 'zod'
import { findArchitecture } from '../../networks/architectures/index.js'
import { type DatasetDescription, datasets, findDataset } from '../datasets/datasets.js'
import { augmentationFields, findAugmentationProblems } from './augmentation-spec.js'
import { classFields, findClassProblems, keepClasses } from './classes-spec.js'
import { findFineTuningProblems, fineTuningFields } from './fine-tuning-spec.js'
import { identifier, networkFields, requireOneNetwork, withTrainingOfProgram } from './network-spec.js'
import { findOptimizationProblems, findScheduleProblems, optimizationFields } from './optimization-spec.js'
import { describeMissing, findMemoryProblem, resolveNetwork } from './resolve-network.js'

/** 'tensorflow' computes on a GPU where it finds one, else on the CPU; 'tensorflow-gpu' on a GPU or not at all. */
export const engineChoice = z.enum(['auto', 'wasm', 'webgpu', 'tensorflow', 'tensorflow-gpu'])
export type EngineChoice = z.output<typeof engineChoice>

const specFields = z.strictObject({
  ...networkFields,
  ...fineTuningFields,
  dataset: identifier,
  ...classFields,
  epochs: z.int().min(1).max(100).default(3),
  batchSize: z.int().min(1).max(1024).default(128),
  ...optimizationFields,
  ...augmentationFields,
  /** The share of the training images held back to measure each epoch. */
  validationSplit: z.number().min(0).max(0.5).default(0.1),
  /** Rate of an architecture's dropout layers. */
  dropout: z.number().min(0).max(0.9).default(0),
  /** Use only so many training images, chosen by the seed; the validation images are taken from these. */
  trainingImages: z.int().min(100).max(70_000).optional(),
  seed: z.uint32().default(42),
  /** Ends the run after so long, pauses not counted; what it has learnt until then is tested and kept. */
  maxSeconds: z.int().min(1).max(604_800).optional(),
  engine: engineChoice.default('auto'),
})

/** The fields of a spec, for people. */
export const specFieldNames: readonly string[] = Object.keys(specFields.shape)

/**
 * What a run is asked to do. Architecture and dataset may be ones that do not exist yet: a course can name what is
 * still to come. `findUnavailable` tells.
 */
export const trainingSpec = z.preprocess(withTrainingOfProgram, specFields.superRefine(requireOneNetwork))
export type TrainingSpec = z.output<typeof trainingSpec>
export type TrainingSpecInput = z.input<typeof specFields>

/** Something in a spec that stands in the way of a run, and what to do about it. */
export interface SpecProblem {
  field: keyof TrainingSpec
  message: string
  /** Where in a Keras program, both counted from 1. */
  line?: number
  column?: number
}

/**
 * Which parts of a spec are still to come: empty when a run can be launched.
 * @param dataset that it is trained on, where that does not come with Lyceum
 */
export function findUnavailable(
  spec: Pick<TrainingSpec, 'architecture' | 'dataset'>,
  dataset = findDataset(spec.dataset),
): SpecProblem[] {
  const problems: SpecProblem[] = []
  if (spec.architecture !== undefined && !findArchitecture(spec.architecture)) {
    problems.push({ field: 'architecture', message: `${describeMissing(spec.architecture)}.` })
  }
  if (!dataset) {
    problems.push({
      field: 'dataset',
      message: `The dataset '${spec.dataset}' is not available; available: ${listIds(datasets)}.`,
    })
  }
  return problems
}

/** How many images a run trains, validates and tests on, and how many steps an epoch has. */
export interface RunPlan {
  trainingImages: number
  validationImages: number
  testImages: number
  stepsPerEpoch: number
}

/** Counts a run's images and steps; the last batch of an epoch may be smaller than the others. */
export function planRun(
  spec: Pick<TrainingSpec, 'trainingImages' | 'validationSplit' | 'batchSize'>,
  dataset: { trainingImages: number; testImages: number },
): RunPlan {
  const chosen = Math.min(spec.trainingImages ?? dataset.trainingImages, dataset.trainingImages)
  const validationImages = Math.round(chosen * spec.validationSplit)
  const trainingImages = chosen - validationImages
  return {
    trainingImages,
    validationImages,
    testImages: dataset.testImages,
    stepsPerEpoch: Math.ceil(trainingImages / spec.batchSize),
  }
}

/**
 * Everything that makes a spec impossible to run, what is unavailable included: empty when it can be run.
 * @param whole the dataset that it is trained on, where that does not come with Lyceum
 */
export function validateSpec(spec: TrainingSpec, whole = findDataset(spec.dataset)): SpecProblem[] {
  const problems: SpecProblem[] = [...findUnavailable(spec, whole), ...findOptimizationProblems(spec)]
  if (!whole) return problems
  const classProblems = findClassProblems(spec.classes, whole)
  if (classProblems.length > 0) return [...problems, ...classProblems]
  const dataset = keepClasses(whole, spec.classes)
  problems.push(...findNetworkProblems(spec, dataset))
  if (spec.trainingImages !== undefined && spec.trainingImages > dataset.trainingImages) {
    problems.push({
      field: 'trainingImages',
      message: `'${dataset.id}' has only ${dataset.trainingImages} training images${spec.classes ? ' of these classes' : ''}, not ${spec.trainingImages}.`,
    })
  }
  problems.push(...findAugmentationProblems(spec, dataset.inputShape))
  const { trainingImages, validationImages, stepsPerEpoch } = planRun(spec, dataset)
  problems.push(...findScheduleProblems(spec.schedule, spec.epochs * stepsPerEpoch))
  if (spec.batchSize > trainingImages) {
    problems.push({
      field: 'batchSize',
      message:
        `A batch of ${spec.batchSize} is more than the ${trainingImages} training images left after ` +
        `${validationImages} are held back for validation: use a batch size of at most ${trainingImages}.`,
    })
  }
  if (spec.validationSplit > 0 && validationImages === 0) {
    problems.push({
      field: 'validationSplit',
      message:
        `A validation split of ${spec.validationSplit} leaves no validation image: ` +
        'make it larger, or 0 to train without validation.',
    })
  }
  return problems
}

function findNetworkProblems(spec: TrainingSpec, dataset: DatasetDescription): readonly SpecProblem[] {
  // `findUnavailable` has told already.
  if (spec.architecture !== undefined && !findArchitecture(spec.architecture)) return []
  const resolved = resolveNetwork(spec, dataset)
  if ('problems' in resolved) return resolved.problems
  const { network } = resolved
  const tooLarge = findMemoryProblem(network, spec, spec.engine)
  return [
    ...(tooLarge ? [tooLarge] : []),
    ...(spec.from ? findFineTuningProblems(spec.from, network, spec.epochs) : []),
  ]
}

function listIds(list: readonly { id: string }[]): string {
  return list.map(item => item.id).join(', ')
}
