import { z } from 'zod'
import { architectures, findArchitecture } from '../networks/architectures/index.js'
import { datasets, findDataset } from './datasets.js'

const identifier = z
  .string()
  .max(64)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be kebab-case: lower-case letters and digits with single hyphens')

const sgd = z.strictObject({
  name: z.literal('sgd'),
  momentum: z.number().min(0).lt(1).default(0),
  nesterov: z.boolean().default(false),
})

/** Defaults: D. P. Kingma and J. Ba, “Adam”, ICLR 2015; epsilon as in Keras. */
const adam = z.strictObject({
  name: z.literal('adam'),
  beta1: z.number().min(0).lt(1).default(0.9),
  beta2: z.number().min(0).lt(1).default(0.999),
  epsilon: z.number().positive().max(1).default(1e-7),
})

export const optimizerSpec = z.discriminatedUnion('name', [sgd, adam])
export type OptimizerSpec = z.output<typeof optimizerSpec>

export const engineChoice = z.enum(['auto', 'wasm', 'tensorflow'])
export type EngineChoice = z.output<typeof engineChoice>

/** What a run is asked to do. Architecture and dataset may be ones that do not exist yet: a course can name
 * what is still to come. `findUnavailable` tells. */
export const trainingSpec = z.strictObject({
  architecture: identifier,
  dataset: identifier,
  epochs: z.int().min(1).max(100).default(3),
  batchSize: z.int().min(1).max(1024).default(128),
  optimizer: optimizerSpec.prefault({ name: 'adam' }),
  learningRate: z.number().positive().max(10).default(0.001),
  /** The share of the training images held back to measure each epoch. */
  validationSplit: z.number().min(0).max(0.5).default(0.1),
  /** Rate of a dropout layer before the output layer. */
  dropout: z.number().min(0).max(0.9).default(0),
  /** Use only so many training images, chosen by the seed; the validation images are taken from these. */
  trainingImages: z.int().min(100).max(70_000).optional(),
  seed: z.uint32().default(42),
  engine: engineChoice.default('auto'),
})
export type TrainingSpec = z.output<typeof trainingSpec>
export type TrainingSpecInput = z.input<typeof trainingSpec>

/** Something in a spec that stands in the way of a run, and what to do about it. */
export interface SpecProblem {
  field: keyof TrainingSpec
  message: string
}

/** Which parts of a spec are still to come: empty when a run can be launched. */
export function findUnavailable(spec: Pick<TrainingSpec, 'architecture' | 'dataset'>): SpecProblem[] {
  const problems: SpecProblem[] = []
  if (!findArchitecture(spec.architecture)) {
    problems.push({
      field: 'architecture',
      message: `The architecture '${spec.architecture}' is not available; available: ${listIds(architectures)}.`,
    })
  }
  if (!findDataset(spec.dataset)) {
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

/** Everything that makes a spec impossible to run, what is unavailable included: empty when it can be run. */
export function validateSpec(spec: TrainingSpec): SpecProblem[] {
  const problems = findUnavailable(spec)
  const architecture = findArchitecture(spec.architecture)
  const dataset = findDataset(spec.dataset)
  if (spec.optimizer.name === 'sgd' && spec.optimizer.nesterov && spec.optimizer.momentum === 0) {
    problems.push({
      field: 'optimizer',
      message:
        'Nesterov momentum needs a momentum above 0: set momentum (0.9 is usual) or nesterov to false.',
    })
  }
  if (!dataset) return problems
  if (architecture && `${architecture.inputShape}` !== `${dataset.inputShape}`) {
    problems.push({
      field: 'architecture',
      message:
        `The architecture '${architecture.id}' takes images of ${architecture.inputShape.join('x')}, ` +
        `those of '${dataset.id}' are ${dataset.inputShape.join('x')}.`,
    })
  }
  if (architecture && architecture.classes !== dataset.classNames.length) {
    problems.push({
      field: 'architecture',
      message:
        `The architecture '${architecture.id}' tells ${architecture.classes} classes apart, ` +
        `'${dataset.id}' has ${dataset.classNames.length}.`,
    })
  }
  if (spec.trainingImages !== undefined && spec.trainingImages > dataset.trainingImages) {
    problems.push({
      field: 'trainingImages',
      message: `'${dataset.id}' has only ${dataset.trainingImages} training images, not ${spec.trainingImages}.`,
    })
  }
  const { trainingImages, validationImages } = planRun(spec, dataset)
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

function listIds(list: readonly { id: string }[]): string {
  return list.map(item => item.id).join(', ')
}
