import { z } from 'zod'
import { uploadedDataset } from '../datasets/dataset-protocol.js'
import { trainingSpec } from '../spec/training-spec.js'
import { trainerEvent } from './run-events.js'

/**
 * What a supervisor and its child process say to each other over Node's IPC channel. Both parse what they
 * receive. A child trains once and ends with one of `finished`, `stopped` or `failed`, or answers questions to
 * models until the channel closes.
 */

/** An image to recognise. Light strokes on a dark ground, as in the datasets, unless `invert` is set. */
export const predictionImage = z.discriminatedUnion('format', [
  z.strictObject({
    format: z.enum(['png', 'jpeg']),
    /** The file, base64; made grey and resized to the model's input. At most 4 MiB and 16 megapixels. */
    data: z.base64().max(5_600_000),
    /** Swap light and dark first: for dark ink on white paper. */
    invert: z.boolean().default(false),
  }),
  z.strictObject({
    format: z.literal('pixels'),
    /** Rows of grey values, 0 (dark) to 255 (light), of the model's own input size. */
    pixels: z
      .array(z.array(z.number().min(0).max(255)).min(1).max(512))
      .min(1)
      .max(512),
    invert: z.boolean().default(false),
  }),
])
export type PredictionImage = z.output<typeof predictionImage>
export type PredictionImageInput = z.input<typeof predictionImage>

/** A test image as its dataset has it: bytes of the model's own input size. Never from outside. */
const testImage = z.strictObject({ format: z.literal('bytes'), data: z.base64() })

export const modelImage = z.discriminatedUnion('format', [...predictionImage.options, testImage])
export type ModelImage = z.output<typeof modelImage>

/** The most images that are recognised at once. */
export const mostPredictedImages = 32

const layerName = z.string().min(1).max(200)

/** What can be asked of a model: nothing of it changes. */
const modelQuestions = {
  /** Answered with `prediction`. */
  predict: { kind: z.literal('predict'), images: z.array(predictionImage).min(1).max(mostPredictedImages) },
  /** The kernels of a convolution over one or three channels; answered with `drawing`. */
  drawFilters: { kind: z.literal('drawFilters'), layer: layerName },
  /** What a layer makes of an image; answered with `drawing`. */
  drawFeatureMaps: { kind: z.literal('drawFeatureMaps'), layer: layerName, image: modelImage },
}

export const modelQuestion = z.discriminatedUnion('kind', [
  z.strictObject(modelQuestions.predict),
  z.strictObject(modelQuestions.drawFilters),
  z.strictObject(modelQuestions.drawFeatureMaps),
])
export type ModelQuestion = z.output<typeof modelQuestion>

const askedModel = {
  id: z.string().min(1),
  /** A folder with `model.json` and `weights.bin`. */
  modelDirectory: z.string().min(1),
}

export const childCommand = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('train'),
    spec: trainingSpec,
    attempt: z.int().min(1),
    /** How long this attempt may take, whatever those before took; the spec's own limit is of all together. */
    secondsAllowed: z.int().min(0).optional(),
    /** Where decoded datasets are kept; shared by all runs. */
    datasetsDirectory: z.string().min(1),
    /** An existing folder of this attempt's own. */
    outputDirectory: z.string().min(1),
    /** A folder with the `model.json` and `weights.bin` that a fine-tuning begins with. */
    sourceDirectory: z.string().min(1).optional(),
    /** What it trains on, where that does not come with Lyceum. */
    upload: uploadedDataset.optional(),
    /** The checkpoint that the run goes on from. */
    checkpointFile: z.string().min(1).optional(),
    /** The most seconds of training between two checkpoints; left out, none is written but at a pause. */
    checkpointSeconds: z.number().positive().optional(),
    /** Whether it is to tell of its stages. */
    traced: z.boolean().optional(),
  }),
  /** End after the step in progress; answered with `stopped`. */
  z.strictObject({ kind: z.literal('stop') }),
  /** Write a checkpoint after the step in progress, and end when it is taken; answered with `stopped`. */
  z.strictObject({ kind: z.literal('pause') }),
  /** The last checkpoint is stored, or could not be: its file may be overwritten. */
  z.strictObject({ kind: z.literal('checkpointTaken') }),
  z.strictObject({ ...modelQuestions.predict, ...askedModel }),
  z.strictObject({ ...modelQuestions.drawFilters, ...askedModel }),
  z.strictObject({ ...modelQuestions.drawFeatureMaps, ...askedModel }),
])
export type ChildCommand = z.output<typeof childCommand>
export type TrainCommand = Extract<ChildCommand, { kind: 'train' }>
export type ModelCommand = Extract<ChildCommand, { modelDirectory: string }>

/** Whose fault a failure is: the spec's (or image's), the machine's (memory, disk, engine), or ours. */
export const fault = z.enum(['spec', 'machine', 'lyceum'])

const failure = { code: z.string(), message: z.string(), hint: z.string(), fault }

/** What a model says of an image, or why it could say nothing: an image that is none costs the others nothing. */
export const modelPrediction = z.union([
  /** One probability for each class, in the dataset's order. */
  z.strictObject({ probabilities: z.array(z.number().min(0).max(1)).min(1) }),
  z.strictObject({ failure: z.strictObject(failure) }),
])
export type ModelPrediction = z.output<typeof modelPrediction>

/** Of a file in the output directory, and of nowhere else. */
const fileName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/)

const checkpointReport = z.strictObject({
  kind: z.literal('checkpoint'),
  /** The child leaves it in the output directory until it is taken. */
  file: fileName,
  /** Steps taken. */
  step: z.int().nonnegative(),
  /** The epoch that the next step is of. */
  epoch: z.int().min(1),
  bytes: z.int().nonnegative(),
  sha256: z.string(),
  /** Of the epoch that it closes; null inside an epoch, and without validation. */
  validationLoss: z.number().nullable(),
})
export type CheckpointReport = z.output<typeof checkpointReport>

const stageReport = z.strictObject({
  kind: z.literal('stage'),
  name: z.enum(['load data', 'open engine', 'epoch', 'evaluate', 'save']),
  /** Of an epoch. */
  epoch: z.int().min(1).optional(),
  /** In ms since 1970, as are spans. */
  begin: z.number(),
  end: z.number(),
  /** Whether it ended before it was done: the run failed there, was paused or cancelled. */
  broken: z.boolean(),
})
export type StageReport = z.output<typeof stageReport>

export const childReport = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('event'), event: trainerEvent }),
  checkpointReport,
  /** A part of the training is over. */
  stageReport,
  /** After the `finished` event: the model's files, as names in the output directory. */
  z.strictObject({ kind: z.literal('finished'), files: z.array(fileName) }),
  /** After `stop` or `pause`: the child leaves. */
  z.strictObject({ kind: z.literal('stopped') }),
  z.strictObject({ kind: z.literal('failed'), ...failure }),
  /** One for each image, in their order. */
  z.strictObject({
    kind: z.literal('prediction'),
    id: z.string(),
    predictions: z.array(modelPrediction).min(1),
  }),
  z.strictObject({ kind: z.literal('drawing'), id: z.string(), /** In base64. */ png: z.base64() }),
  /** The question of that id could not be answered; the child stays. */
  z.strictObject({ kind: z.literal('predictionFailed'), id: z.string(), ...failure }),
])
export type ChildReport = z.output<typeof childReport>
export type FailureReport = Omit<Extract<ChildReport, { kind: 'failed' }>, 'kind'>
