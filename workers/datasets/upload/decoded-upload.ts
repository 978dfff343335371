import { UploadRefused } from '../../../src/platform/upload-refused.js'
import { datasetLimits } from '../../../src/training/contract.js'
import type { ImageSet } from '../dataset.js'

/** What an upload was decoded to. */
export interface DecodedUpload {
  inputShape: [height: number, width: number, channels: number]
  classNames: string[]
  split: string
  training: ImageSet
  test: ImageSet
}

/** Hears the share that is done, 0 to 1. */
export type OnProgress = (share: number) => void

/** @throws UploadRefused where so many images are more than a dataset may be */
export function checkDecodedBytes(
  images: number,
  { height, width }: { height: number; width: number },
  channels: number,
): void {
  if (images * height * width * channels <= datasetLimits.decodedBytes) return
  throw new UploadRefused(
    `${images} images of ${height}x${width} are more than the ${datasetLimits.decodedBytes / 1024 ** 2} MiB ` +
      "that a dataset may be: ask for a smaller 'size', or send fewer images.",
  )
}
