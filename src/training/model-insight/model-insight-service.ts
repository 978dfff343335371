import { z } from 'zod'
import type { Actor } from '../../identity/contract.js'
import type { Dependencies } from '../../platform/dependencies.js'
import { drawPng, type Pixels } from '../../platform/draw-png.js'
import { invalidInput, notFound } from '../../platform/errors.js'
import { type Page, type PageInput, readPage, sliceOf } from '../../platform/pagination.js'
import { resultMissing, testImageNotKept, testPredictionsMissing } from '../errors.js'
import { requireRunReader } from '../policy.js'
import { getVisibleRun } from '../runs/run-access.js'
import type { RunRow } from '../runs/run-view.js'
import { type ClassificationReport, reportClassification } from './classification-report.js'
import {
  type SamplePredictions,
  type TestImage,
  type TestImageFilter,
  type TestResult,
  testResult,
} from './model-insight-schemas.js'
import { chooseSamples } from './sample-predictions.js'
import {
  confidence,
  decodeTestPredictions,
  predictedClass,
  rankImages,
  type TestPredictions,
  testImagesFile,
  testPredictionsFile,
  topOf,
} from './test-predictions.js'

type Parts = Pick<Dependencies, 'database' | 'storage'>

/** With the key that tells its place in its list. */
export interface RankedTestImage extends TestImage {
  key: string
}

export interface TestImageList {
  page: Page<RankedTestImage>
  totalCount: number
}

/** What a run's model said of the test images, and whose run it is. */
interface Test {
  row: RunRow
  modelKey: string
  classNames: readonly string[]
  predictions: TestPredictions
}

export type ModelInsightService = ReturnType<typeof createModelInsightService>

/** What a trained model does well and what it does not. Who may see a run may see this of it. */
export function createModelInsightService({ database, storage }: Parts) {
  return {
    findClassificationReport,
    getClassificationReport,
    findTestImages,
    listTestImages,
    findSamplePredictions,
    listSamplePredictions,
    readTestImage,
    drawTestImage,
  }

  /** Undefined while the run has no result. @throws NOT_FOUND */
  async function findClassificationReport(
    actor: Actor,
    id: string,
  ): Promise<ClassificationReport | undefined> {
    const result = findResult(await getRow(actor, id))
    return result && reportClassification(result.confusionMatrix, result.classNames)
  }

  /** @throws NOT_FOUND, RUN_RESULT_MISSING */
  async function getClassificationReport(actor: Actor, id: string): Promise<ClassificationReport> {
    const report = await findClassificationReport(actor, id)
    if (report === undefined) throw resultMissing()
    return report
  }

  /**
   * The test images of a cell, row or column of the confusion matrix, those that the network was surest of first.
   * Undefined where the run has kept none.
   * @throws NOT_FOUND, INVALID_INPUT
   */
  async function findTestImages(
    actor: Actor,
    id: string,
    { trueClass, predictedClass: guess }: TestImageFilter,
    input: PageInput,
  ): Promise<TestImageList | undefined> {
    const test = await findTest(await getRow(actor, id))
    if (test === undefined) return undefined
    requireClass(test, 'trueClass', trueClass)
    requireClass(test, 'predictedClass', guess)
    const show = await imageViewer(test)
    const ranked = rankImages(
      test.predictions,
      (label, predicted) => (trueClass ?? label) === label && (guess ?? predicted) === predicted,
    ).map((index, rank) => ({ index, key: `${rank}`.padStart(8, '0') }))
    const keyOf = ({ key }: (typeof ranked)[number]) => key
    const { items, pageInfo } = await readPage(input, {
      key: z.string().regex(/^\d{8}$/),
      order: 'asc',
      keyOf,
      read: async slice => sliceOf(ranked, keyOf, slice),
    })
    const page = { items: items.map(({ index, key }) => ({ key, ...show(index) })), pageInfo }
    return { page, totalCount: ranked.length }
  }

  /** As `findTestImages`. @throws RUN_RESULT_MISSING, RUN_TEST_PREDICTIONS_MISSING too */
  async function listTestImages(
    actor: Actor,
    id: string,
    filter: TestImageFilter,
    input: PageInput,
  ): Promise<TestImageList> {
    const list = await findTestImages(actor, id, filter, input)
    if (list === undefined) throw missing(await getRow(actor, id))
    return list
  }

  /**
   * So many test images of each kind that show what the network is good at, what misleads it and what it can't decide.
   * Undefined where the run has kept none.
   * @throws NOT_FOUND
   */
  async function findSamplePredictions(
    actor: Actor,
    id: string,
    count: number,
  ): Promise<SamplePredictions | undefined> {
    const test = await findTest(await getRow(actor, id))
    if (test === undefined) return undefined
    const show = await imageViewer(test)
    const { surestRight, surestWrong, leastCertain } = chooseSamples(test.predictions, count)
    return {
      surestRight: surestRight.map(show),
      surestWrong: surestWrong.map(show),
      leastCertain: leastCertain.map(show),
    }
  }

  /** As `findSamplePredictions`. @throws RUN_RESULT_MISSING, RUN_TEST_PREDICTIONS_MISSING too */
  async function listSamplePredictions(actor: Actor, id: string, count: number): Promise<SamplePredictions> {
    const samples = await findSamplePredictions(actor, id, count)
    if (samples === undefined) throw missing(await getRow(actor, id))
    return samples
  }

  /** A test image as a PNG. @throws what `readTestImage` throws */
  async function drawTestImage(actor: Actor, id: string, index: number): Promise<Buffer> {
    return drawPng(await readTestImage(actor, id, index))
  }

  /** @throws NOT_FOUND, RUN_RESULT_MISSING, RUN_TEST_PREDICTIONS_MISSING, RUN_TEST_IMAGE_NOT_KEPT */
  async function readTestImage(actor: Actor, id: string, index: number): Promise<Pixels> {
    const row = await getRow(actor, id)
    const test = await findTest(row)
    if (test === undefined) throw missing(row)
    const { imageShape, places } = test.predictions
    const place = places[index]
    if (place === undefined) throw notFound('test image')
    if (place < 0) throw testImageNotKept()
    const size = imageShape.reduce((product, side) => product * side, 1)
    const bytes = await storage.readPart(`${test.modelKey}/${testImagesFile}`, place * size, size)
    if (bytes?.length !== size) throw testImageNotKept()
    const [height, width, channels] = imageShape
    return { bytes, height, width, channels }
  }

  /** Undefined where the run has no result, or is of a time when nothing was kept of its test. */
  async function findTest(row: RunRow): Promise<Test | undefined> {
    const { modelKey } = row
    const result = findResult(row)
    if (modelKey === null || result === undefined) return undefined
    const key = `${modelKey}/${testPredictionsFile}`
    if (!(await storage.holds(key))) return undefined
    const predictions = decodeTestPredictions(await storage.read(key))
    return { row, modelKey, classNames: result.classNames, predictions }
  }

  /** What a test image is shown as. Its picture may have been deleted with its dataset. */
  async function imageViewer({ row, modelKey, classNames, predictions }: Test) {
    const hasImages = await storage.holds(`${modelKey}/${testImagesFile}`)
    const nameOf = (label: number) => classNames[label] ?? `${label}`
    return (index: number): TestImage => {
      const label = predictions.labels[index] ?? 0
      const predictedLabel = predictedClass(predictions, index)
      const isKept = hasImages && (predictions.places[index] ?? -1) >= 0
      return {
        index,
        label,
        className: nameOf(label),
        predictedLabel,
        predictedClassName: nameOf(predictedLabel),
        probability: confidence(predictions, index),
        classes: topOf(predictions, index).map(({ label, probability }) => ({
          name: nameOf(label),
          probability,
        })),
        imageUrl: isKept ? `/api/v1/runs/${row.id}/test-images/${index}/image.png` : null,
      }
    }
  }

  function getRow(actor: Actor, id: string): Promise<RunRow> {
    return getVisibleRun(database, requireRunReader(actor), id)
  }
}

function findResult({ result }: RunRow): TestResult | undefined {
  return testResult.safeParse(result).data
}

function missing(row: RunRow) {
  return findResult(row) ? testPredictionsMissing() : resultMissing()
}

function requireClass({ classNames }: Test, path: string, label: number | null | undefined) {
  if (typeof label !== 'number' || label < classNames.length) return
  throw invalidInput([{ path, message: `must be below ${classNames.length}, the number of classes` }])
}
