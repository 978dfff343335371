import type { Layer, Network } from '../../networks/network.js'
import { planTiles } from './tiles.js'

/** A layer whose output is an image: `[height, width, channels]` of it. */
export interface ImageLayer {
  name: string
  type: Layer['type']
  outputShape: [height: number, width: number, channels: number]
  /** Whether its channels can be drawn side by side. */
  drawable: boolean
}

/** The layers that an image can be seen in, in the order in which they are computed. */
export function listImageLayers({ layers }: Network): ImageLayer[] {
  return layers.flatMap(({ name, type, outputShape: [height, width, channels, ...rest] }) => {
    if (height === undefined || width === undefined || channels === undefined || rest.length > 0) return []
    const drawable = planTiles(channels, { height, width }) !== undefined
    return [{ name, type, outputShape: [height, width, channels], drawable }]
  })
}

/** The convolution whose kernels can be looked at as small images: the first that sees one or three channels. */
export function findFirstConvolution({ layers }: Network): Extract<Layer, { type: 'conv2d' }> | undefined {
  return layers.find(
    (layer): layer is Extract<Layer, { type: 'conv2d' }> =>
      layer.type === 'conv2d' && [1, 3].includes(layer.inputShape[2] ?? 0),
  )
}
