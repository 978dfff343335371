import { z } from 'zod'
import type { DatasetState } from '../../generated/prisma/enums.js'
import type { Prisma } from '../../platform/database.js'
import type { DatasetDescription } from './datasets.js'

export type DatasetRow = Prisma.UploadedDatasetGetPayload<object>

const states = ['PENDING', 'DECODING', 'READY', 'REFUSED'] as const satisfies DatasetState[]

/** A dataset as both faces show it. */
export const datasetBody = z.object({
  id: z.string(),
  title: z.string(),
  ownerId: z.string().nullable().describe('Null where it comes with Lyceum.'),
  state: z.enum(states).describe('It can be trained on once it is READY.'),
  progress: z.number().describe('The share that is decoded, 0 to 1.'),
  reason: z.string().nullable().describe('Why it was refused, and what to do about it.'),
  source: z.string(),
  split: z.string().nullable().describe('How training and test images are told apart.'),
  inputShape: z.array(z.number()).nullable().describe('Height, width and channels; null until it is READY.'),
  classNames: z.array(z.string()),
  classes: z
    .array(z.object({ name: z.string(), trainingImages: z.number(), testImages: z.number() }))
    .describe('In the order of their labels.'),
  trainingImages: z.number(),
  testImages: z.number(),
  bytes: z.number().nullable().describe("What it takes of its owner's quota."),
  checksum: z.string().nullable().describe('SHA-256 of all pixels and labels of an upload.'),
  preview: z.string().nullable().describe('The address of a PNG with some images of each class.'),
  createdAt: z.date().nullable(),
})
export type DatasetView = z.output<typeof datasetBody>

const uploadSource = 'Uploaded.'

/** An upload without what only the machinery needs to know. */
export function viewUpload(row: DatasetRow): DatasetView {
  const isReady = row.state === 'READY'
  return {
    ...viewImages(row.classNames, { training: row.trainingCounts, test: row.testCounts }),
    id: row.id,
    title: row.title,
    ownerId: row.ownerId,
    state: row.state,
    progress: row.progress,
    reason: row.reason,
    source: uploadSource,
    split: row.split,
    inputShape: isReady ? row.inputShape : null,
    bytes: row.bytes,
    checksum: row.checksum,
    preview: isReady ? `/api/v1/datasets/${row.id}/preview.png` : null,
    createdAt: row.createdAt,
  }
}

export function viewBuiltIn(dataset: DatasetDescription): DatasetView {
  const { id, title, source, split, inputShape, classNames, imagesOfClasses } = dataset
  return {
    ...viewImages(classNames, imagesOfClasses),
    ...{ id, title, source, split, inputShape: [...inputShape] },
    ...{ ownerId: null, state: 'READY', progress: 1, reason: null },
    ...{ bytes: null, checksum: null, preview: null, createdAt: null },
  }
}

const imageShape = z.tuple([z.int(), z.int(), z.int()])

/** An upload that is READY, as specs and workers see any dataset. */
export function describeUpload(row: DatasetRow): DatasetDescription {
  const imagesOfClasses = { training: row.trainingCounts, test: row.testCounts }
  const { trainingImages, testImages } = viewImages(row.classNames, imagesOfClasses)
  return {
    id: row.id,
    title: row.title,
    source: uploadSource,
    split: row.split ?? '',
    inputShape: imageShape.parse(row.inputShape),
    classNames: row.classNames,
    ...{ trainingImages, testImages, imagesOfClasses },
  }
}

function viewImages(classNames: readonly string[], counts: DatasetDescription['imagesOfClasses']) {
  return {
    classNames: [...classNames],
    classes: classNames.map((name, label) => ({
      name,
      trainingImages: counts.training[label] ?? 0,
      testImages: counts.test[label] ?? 0,
    })),
    trainingImages: sum(counts.training),
    testImages: sum(counts.test),
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}
