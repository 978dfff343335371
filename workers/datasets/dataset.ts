import type { DatasetDescription } from '../../src/training/contract.js'

/** Labelled images of one size, one after another. */
export interface ImageSet {
  count: number
  /** Each image's `[height, width, channels]`, row by row, 0 to 255. */
  pixels: Uint8Array
  /** Each image's class, an index into the dataset's class names. */
  labels: Uint8Array
}

export interface Dataset {
  description: DatasetDescription
  training: ImageSet
  test: ImageSet
  /** SHA-256 of all pixels and labels as decoded, in hexadecimal. */
  checksum: string
}

/** How a dataset is made from the files that it comes in. */
export interface DatasetSource {
  id: string
  /** Absolute paths, each with its SHA-256. Asked for only when the files are needed. */
  locate(): { path: string; sha256: string }[]
  /** Decodes the files' bytes, in the order of `locate`. */
  decode(files: Uint8Array[]): { training: ImageSet; test: ImageSet }
  /** SHA-256 of the result: see `encodeDataset` for its order. */
  checksum: string
}

/** The dataset on disk is not what it must be; the message says which file and what to do. */
export class DatasetError extends Error {
  override name = 'DatasetError'
}
