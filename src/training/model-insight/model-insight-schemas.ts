import { z } from 'zod'
import { pageInput } from '../../platform/pagination.js'
import { predictionInput, runId } from '../runs/run-schemas.js'
import { sampleCount } from './sample-predictions.js'

/** What is read of a run's result. The matrix has as many rows as columns. */
export const testResult = z.object({
  confusionMatrix: z.array(z.array(z.int().nonnegative())).min(1),
  classNames: z.array(z.string()),
})
export type TestResult = z.output<typeof testResult>

const scores = {
  precision: z.number(),
  recall: z.number(),
  f1: z.number(),
  support: z.int(),
}

export const classificationReport = z.object({
  accuracy: z.number(),
  classes: z.array(z.object({ name: z.string(), ...scores })),
  macroAverage: z.object(scores),
  weightedAverage: z.object(scores),
})

const label = z.int().min(0).max(255)
const labelInQuery = z.coerce.number().pipe(label).optional()

/** Of which cell of the confusion matrix, row or column; of the whole of it where neither is said. */
export const testImageFilter = z.object({ trueClass: label.nullish(), predictedClass: label.nullish() })
export type TestImageFilter = z.output<typeof testImageFilter>

export const testImageQuery = pageInput.extend({
  trueClass: labelInQuery.describe('Only images of this class, by its place in classNames.'),
  predictedClass: labelInQuery.describe('Only images taken for this class, by its place in classNames.'),
})

/** A test image by its place, counted from 0, among those that the run was tested on. */
export const testImageIndex = z.coerce.number().int().min(0).max(10_000_000)
export const oneTestImage = z.object({ id: runId, index: testImageIndex })

/** A test image and what the network said of it. */
export const testImage = z.object({
  index: z.int().describe('Its place among the test images of the run, from 0.'),
  label: z.int().describe('The class that it is of, by its place in classNames.'),
  className: z.string(),
  predictedLabel: z.int(),
  predictedClassName: z.string(),
  probability: z.number().describe('Of the predicted class.'),
  classes: z
    .array(z.object({ name: z.string(), probability: z.number() }))
    .describe('The likeliest classes, five at most.'),
  imageUrl: z.string().nullable().describe('Null where the image was not kept.'),
})
export type TestImage = z.output<typeof testImage>

export const sampleQuery = z.object({
  count: z.coerce.number().int().min(1).max(sampleCount.max).default(sampleCount.default),
})

export const samplePredictions = z.object({
  surestRight: z.array(testImage).describe('Recognised, those that the model was surest of first.'),
  surestWrong: z.array(testImage).describe('Not recognised, those that the model was surest of first.'),
  leastCertain: z
    .array(testImage)
    .describe('Recognised or not, those whose likeliest class has the lowest probability first.'),
})
export type SamplePredictions = z.output<typeof samplePredictions>

const layer = z.string().min(1).max(200).optional()

export const imageLayer = z.object({
  name: z.string(),
  type: z.string(),
  outputShape: z.tuple([z.int(), z.int(), z.int()]).describe('Height, width and channels.'),
  drawable: z.boolean().describe('Whether its channels have room side by side.'),
})

export const layerQuery = z.object({
  layer: layer.describe('One of the layers of the run; by default the first convolution.'),
})
export const featureMapsQuery = layerQuery.extend({
  testImage: testImageIndex.describe('The index of a test image of the run.'),
})
export const featureMapsUrlArgs = z.object({ testImage: z.int().min(0), layer: layer.nullable() })
export const featureMapsArgs = predictionInput.extend({ runId, layer: layer.nullable() })
