import { globalAvgPool2d, maxPool2d } from '../layers.js'
import type { LayerSpec } from '../network.js'
import { NetworkBuilder } from '../network-builder.js'
import { type Architecture, type ArchitectureOptions, defineArchitecture } from './architecture.js'
import { basicBlock, classifier, dropoutLayer, normalizedConv, relu } from './blocks.js'

/** Basic blocks in each stage: the columns “18-layer” and “34-layer” of the paper's table 1. */
const blocksOfStages = { 18: [2, 2, 2, 2], 34: [3, 4, 6, 3] } as const
const filtersOfStages = [64, 128, 256, 512] as const

type Depth = keyof typeof blocksOfStages

const paper =
  'K. He, X. Zhang, S. Ren and J. Sun, “Deep residual learning for image recognition”, CVPR 2016, table 1'

/** As published, with projections (option B) where the shape changes. */
function resnet(depth: Depth, parameters: string): Architecture {
  const stem = [
    ...normalizedConv(64, 7, { strides: 2, after: [relu] }),
    maxPool2d(3, { strides: 2, padding: 'same' }),
  ]
  return defineArchitecture({
    ...describe(`resnet-${depth}`, depth, stem),
    title: `ResNet-${depth}`,
    source: `${paper}, with shortcuts of option B (${parameters} trainable parameters)`,
    inputShape: [224, 224, 3],
    classes: 1000,
    minimumSize: 28,
  })
}

/** The same stages behind a first convolution that keeps the size of small images. */
function resnetSmall(depth: Depth, parameters: string): Architecture {
  return defineArchitecture({
    ...describe(`resnet-${depth}-small`, depth, normalizedConv(64, 3, { after: [relu] })),
    title: `ResNet-${depth} for small images`,
    source:
      `${paper}, in the form for CIFAR-10 of kuangliu/pytorch-cifar (2017; ${parameters} trainable ` +
      'parameters): a first convolution of 3x3, stride 1, and no pooling',
    inputShape: [32, 32, 3],
    classes: 10,
    minimumSize: 8,
  })
}

function describe(id: string, depth: Depth, stem: readonly LayerSpec[]) {
  const build = ({ inputShape, classes, dropout }: ArchitectureOptions) => {
    const builder = new NetworkBuilder(id, inputShape)
    let node = builder.sequence(stem, builder.input)
    for (const [stage, filters] of filtersOfStages.entries()) {
      for (let block = 0; block < (blocksOfStages[depth][stage] ?? 0); block++) {
        const halves = stage > 0 && block === 0
        node = basicBlock(
          builder,
          node,
          filters,
          halves ? { strides: 2, shortcut: normalizedConv(filters, 1, { strides: 2 }) } : {},
        )
      }
    }
    builder.sequence([globalAvgPool2d(), ...dropoutLayer(dropout), classifier(classes)], node)
    return builder.build()
  }
  return { id, build }
}

export const resnets: readonly Architecture[] = [
  resnet(18, '11,689,512'),
  resnet(34, '21,797,672'),
  resnetSmall(18, '11,173,962'),
  resnetSmall(34, '21,282,122'),
]
