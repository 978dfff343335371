import sharp from 'sharp'
import type { Archive } from '../../../src/platform/archive.js'
import { describeCause, UploadRefused } from '../../../src/platform/upload-refused.js'
import { datasetLimits } from '../../../src/training/contract.js'

// What calls itself an image may be of any format that libvips knows: only two of its readers are open.
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({ operation: ['VipsForeignLoadPng', 'VipsForeignLoadJpeg'] })
sharp.cache(false)

export interface Size {
  height: number
  width: number
}

/** The size of an image as it is looked at. @throws UploadRefused, which names the file */
export async function readSize(archive: Archive, path: string): Promise<Size> {
  const bytes = await archive.read(path, datasetLimits.imageFileBytes)
  const { height, width } = await orRefuse(path, async () => (await sharp(bytes).metadata()).autoOrient)
  if (height * width > datasetLimits.pixelsOfImage) {
    const most = datasetLimits.pixelsOfImage / 1e6
    throw new UploadRefused(`'${path}' has ${height}x${width} pixels: ${most} million are taken.`)
  }
  return { height, width }
}

/**
 * Red, green and blue of each pixel. An image of another format keeps its proportions on a black ground, and so does
 * one that is to be recognised later.
 * @throws UploadRefused, which names the file
 */
export async function readPixels(archive: Archive, path: string, { height, width }: Size): Promise<Buffer> {
  const bytes = await archive.read(path, datasetLimits.imageFileBytes)
  return orRefuse(path, () =>
    sharp(bytes, { limitInputPixels: datasetLimits.pixelsOfImage, failOn: 'error' })
      .autoOrient()
      .flatten({ background: 'black' })
      .toColourspace('srgb')
      .resize(width, height, { fit: 'contain', background: 'black' })
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer(),
  )
}

async function orRefuse<Result>(path: string, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read()
  } catch (error) {
    throw new UploadRefused(`'${path}' cannot be decoded as a PNG or JPEG image: ${describeCause(error)}.`)
  }
}
