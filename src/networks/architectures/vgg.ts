import { conv2d, flatten, globalAvgPool2d, maxPool2d } from '../layers.js'
import type { LayerSpec } from '../network.js'
import { buildSequential } from '../network-builder.js'
import { type Architecture, defineArchitecture } from './architecture.js'
import { classifier, dropoutLayer, hiddenLayer, normalizedBiasedConv } from './blocks.js'

/** How many convolutions each of the five blocks has: configurations A, B and D of the paper's table 1. */
const convolutions = { 11: [1, 1, 2, 2, 2], 13: [2, 2, 2, 2, 2], 16: [2, 2, 3, 3, 3] } as const
const filters = [64, 128, 256, 512, 512] as const

type Depth = keyof typeof convolutions

const paper =
  'K. Simonyan and A. Zisserman, “Very deep convolutional networks for large-scale image recognition”, ICLR ' +
  '2015, table 1'

/** VGG as published, but for how weights begin: as in He's paper. The paper's dropout is 0.5. */
function vgg(depth: Depth, configuration: string, parameters: string): Architecture {
  const id = `vgg-${depth}`
  return defineArchitecture({
    id,
    title: `VGG-${depth}`,
    source: `${paper}, configuration ${configuration} (${parameters} parameters), with He’s initial weights`,
    inputShape: [224, 224, 3],
    classes: 1000,
    minimumSize: 32,
    build: ({ inputShape, classes, dropout }) =>
      buildSequential(id, inputShape, [
        ...blocks(
          depth,
          channels => [
            conv2d(channels, 3, { padding: 'same', activation: 'relu', kernelInitializer: 'heNormal' }),
          ],
          maxPool2d(2),
        ),
        flatten(),
        ...hiddenLayer(4096, dropout),
        ...hiddenLayer(4096, dropout),
        classifier(classes),
      ]),
  })
}

/**
 * VGG for small images, as it is usually made for CIFAR-10: batch normalisation after each convolution, and one
 * dense layer behind the mean over what is left of the image.
 */
function vggSmall(depth: Depth, parameters: string): Architecture {
  const id = `vgg-${depth}-small`
  return defineArchitecture({
    id,
    title: `VGG-${depth} for small images`,
    source:
      `${paper}, in the form for CIFAR-10 of kuangliu/pytorch-cifar (2017; ${parameters} trainable ` +
      'parameters): batch normalisation, one dense layer; poolings also take in an odd last row',
    inputShape: [32, 32, 3],
    classes: 10,
    minimumSize: 16,
    build: ({ inputShape, classes, dropout }) =>
      buildSequential(id, inputShape, [
        ...blocks(depth, normalizedBiasedConv, maxPool2d(2, { padding: 'same' })),
        globalAvgPool2d(),
        ...dropoutLayer(dropout),
        classifier(classes),
      ]),
  })
}

function blocks(
  depth: Depth,
  convolution: (channels: number) => LayerSpec[],
  pooling: LayerSpec,
): LayerSpec[] {
  return filters.flatMap((channels, block) => [
    ...Array.from({ length: convolutions[depth][block] ?? 0 }, () => convolution(channels)).flat(),
    pooling,
  ])
}

export const vggs: readonly Architecture[] = [
  vgg(11, 'A', '132,863,336'),
  vgg(13, 'B', '133,047,848'),
  vgg(16, 'D', '138,357,544'),
  vggSmall(11, '9,231,114'),
  vggSmall(13, '9,416,010'),
  vggSmall(16, '14,728,266'),
]
