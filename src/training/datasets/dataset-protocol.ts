import { z } from 'zod'

const imageShape = z.tuple([z.int().positive(), z.int().positive(), z.int().positive()])
const counts = z.array(z.int().min(0))

/** A decoded upload as a trainer is given it. */
export const uploadedDataset = z.strictObject({
  /** All its pixels and labels. */
  file: z.string().min(1),
  /** SHA-256 of the file, in hexadecimal. */
  checksum: z.string(),
  description: z.strictObject({
    id: z.uuid(),
    title: z.string(),
    source: z.string(),
    split: z.string(),
    inputShape: imageShape,
    classNames: z.array(z.string()),
    trainingImages: z.int().min(0),
    testImages: z.int().min(0),
    imagesOfClasses: z.strictObject({ training: counts, test: counts }),
  }),
})
export type UploadedDataset = z.output<typeof uploadedDataset>

/** What a worker and the child process that decodes an upload say to each other. Both parse what they receive. */
export const decodeCommand = z.strictObject({
  /** The zip as it was sent. */
  uploadFile: z.string().min(1),
  /** An existing folder of this attempt's own. */
  outputDirectory: z.string().min(1),
  /** The side in pixels that images are brought to; null for that of most of them. */
  size: z.int().positive().nullable(),
})
export type DecodeCommand = z.output<typeof decodeCommand>

export const decodedDataset = z.strictObject({
  inputShape: imageShape,
  classNames: z.array(z.string()),
  trainingCounts: counts,
  testCounts: counts,
  split: z.string(),
  /** SHA-256 of all pixels and labels, and how many bytes they are. */
  checksum: z.string(),
  bytes: z.int().positive(),
})
export type DecodedDataset = z.output<typeof decodedDataset>

/** Any number of `progress`, then one of the others. */
export const decoderReport = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('progress'), share: z.number().min(0).max(1) }),
  z.strictObject({ kind: z.literal('decoded'), dataset: decodedDataset }),
  /** The upload is no dataset: whoever sent it can do something about it. */
  z.strictObject({ kind: z.literal('refused'), reason: z.string() }),
  z.strictObject({ kind: z.literal('failed'), message: z.string() }),
])
export type DecoderReport = z.output<typeof decoderReport>
