import { z } from 'zod'

/**
 * How training images are varied, each time anew; images of validation and test never are. What comes into
 * the image from outside it is black.
 */
export const augmentation = z.strictObject({
  /** Degrees: turned about the centre by up to so many, either way; bilinear. */
  rotation: z.number().min(0).max(180).default(0),
  /** Mirrored left to right, every other time. Not for digits and letters. */
  horizontalFlip: z.boolean().default(false),
  /** Moved by whole pixels, up to this share of height and of width, either way. */
  shift: z.number().min(0).max(0.5).default(0),
  /**
   * Pixels: set in a frame so wide, from which an image of the old size is cut at random. K. He et al., “Deep
   * residual learning”, CVPR 2016, section 4.2, with 4.
   */
  cropPadding: z.int().min(0).max(64).default(0),
  /**
   * Pixels: the side of a square that is blackened around a random centre, cut off at the image's edges. T.
   * DeVries and G. W. Taylor, “Improved regularization of convolutional neural networks with cutout”,
   * arXiv:1708.04552.
   */
  cutout: z.int().min(0).max(256).default(0),
})
export type Augmentation = z.output<typeof augmentation>

export const augmentationFields = {
  /** null for none. */
  augmentation: augmentation.nullable().default(null),
}

/** What of an augmentation would leave nothing of images so large: see `validateSpec`. */
export function findAugmentationProblems(
  { augmentation }: { augmentation: Augmentation | null },
  [height, width]: readonly [height: number, width: number, channels: number],
): { field: 'augmentation'; message: string }[] {
  const least = Math.min(height, width)
  const tooLarge = (['cropPadding', 'cutout'] as const).filter(name => (augmentation?.[name] ?? 0) >= least)
  return tooLarge.map(name => ({
    field: 'augmentation',
    message:
      `${name} of ${augmentation?.[name]} pixels can leave nothing of images of ${height}x${width}: ` +
      `make it less than ${least}.`,
  }))
}
