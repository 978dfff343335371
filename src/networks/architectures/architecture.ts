import type { ImageShape, Network } from '../network.js'
import { NetworkError } from '../network-builder.js'

export interface ArchitectureOptions {
  inputShape: ImageShape
  classes: number
  /** Rate of its dropout layers; 0 leaves them out. */
  dropout: number
  /** Every layer has so many times the channels, in architectures that can be made wider. */
  widthMultiplier: number
}

interface ArchitectureDescription {
  id: string
  title: string
  /** Where it was published, and how far this one follows it. */
  source: string
  /** The images and the number of classes that it was published for. */
  inputShape: ImageShape
  classes: number
  /** The shortest side of an image that it takes, in pixels. */
  minimumSize: number
  /** The most classes that it can tell apart, where it has a limit of its own. */
  maximumClasses?: number
  /** Whether `widthMultiplier` may be other than 1. */
  hasWidthMultiplier: boolean
}

/** A network that the university teaches, for any images that are large enough and any number of classes. */
export interface Architecture extends ArchitectureDescription {
  /**
   * What is not given is as published, but for dropout, which is left out.
   * @throws NetworkError where the images are too small, or an option is none that it has
   */
  build(options?: Partial<ArchitectureOptions>): Network
}

type Definition = Omit<ArchitectureDescription, 'hasWidthMultiplier'> & {
  hasWidthMultiplier?: boolean
  build(options: ArchitectureOptions): Network
}

/** Puts the checks that every architecture needs before its building. */
export function defineArchitecture({ build, hasWidthMultiplier = false, ...rest }: Definition): Architecture {
  const { id, minimumSize, maximumClasses = Number.POSITIVE_INFINITY } = rest
  return {
    ...rest,
    hasWidthMultiplier,
    build(options = {}) {
      const { inputShape = rest.inputShape, classes = rest.classes } = options
      const { dropout = 0, widthMultiplier = 1 } = options
      const [height, width] = inputShape
      if (Math.min(height, width) < minimumSize) {
        throw new NetworkError(
          `${id} takes images of at least ${minimumSize}x${minimumSize} pixels, not ${height}x${width}`,
        )
      }
      if (!(Number.isInteger(classes) && classes >= 2 && classes <= maximumClasses)) {
        const most = maximumClasses === Number.POSITIVE_INFINITY ? 'or more' : `to ${maximumClasses}`
        throw new NetworkError(`${id} tells 2 ${most} classes apart, not ${classes}`)
      }
      if (widthMultiplier !== 1 && !hasWidthMultiplier) {
        throw new NetworkError(`${id} has one width: leave the width multiplier out`)
      }
      return build({ inputShape, classes, dropout, widthMultiplier })
    },
  }
}
