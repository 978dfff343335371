import { concatenate, conv2d, flatten, localResponseNormalization, maxPool2d } from '../layers.js'
import type { LayerSpec } from '../network.js'
import { NetworkBuilder, type Node } from '../network-builder.js'
import { type ArchitectureOptions, defineArchitecture } from './architecture.js'
import { classifier, hiddenLayer } from './blocks.js'

interface Plan {
  name: string
  /** Stacks that see each other in the third convolution and the dense layers only: the paper's two GPUs. */
  columns: number
  firstConvolution: { kernelSize: number; strides: number; padding: 'valid' | 'same' }
  /** Of the five convolutions, all columns together. */
  filters: readonly [number, number, number, number, number]
  hiddenUnits: number
}

const paper =
  'A. Krizhevsky, I. Sutskever and G. Hinton, “ImageNet classification with deep convolutional neural ' +
  'networks”, NIPS 2012, section 3'

const published = {
  firstConvolution: { kernelSize: 11, strides: 4, padding: 'valid' },
  filters: [96, 256, 384, 384, 256],
  hiddenUnits: 4096,
} as const

/**
 * AlexNet with its two columns. 227x227 pixels are what the paper's numbers of units ask for, though its text
 * says 224x224. It differs in how weights begin: as in He's paper, for ReLU. The paper's dropout is 0.5.
 */
export const alexNet = defineArchitecture({
  id: 'alexnet',
  title: 'AlexNet',
  source: `${paper}, in its two columns (60,965,224 parameters), with He’s initial weights`,
  inputShape: [227, 227, 3],
  classes: 1000,
  minimumSize: 67,
  build: options => buildAlexNet({ ...published, name: 'alexnet', columns: 2 }, options),
})

/** AlexNet as it is often drawn: in one column, so that every map sees every map before it. */
export const alexNetUngrouped = defineArchitecture({
  id: 'alexnet-ungrouped',
  title: 'AlexNet in one column',
  source: `${paper}, without the division into two columns (62,378,344 parameters)`,
  inputShape: [227, 227, 3],
  classes: 1000,
  minimumSize: 67,
  build: options => buildAlexNet({ ...published, name: 'alexnet-ungrouped', columns: 1 }, options),
})

/** AlexNet's plan at half its width, with a first convolution and dense layers for small images. */
export const alexNetSmall = defineArchitecture({
  id: 'alexnet-small',
  title: 'AlexNet for small images',
  source:
    `${paper}: its layers at half their width, for images of about 28 to 64 pixels a side, with a first ` +
    'convolution of 5x5 and stride 1, and dense layers of 512 units',
  inputShape: [32, 32, 3],
  classes: 10,
  minimumSize: 15,
  build: options =>
    buildAlexNet(
      {
        name: 'alexnet-small',
        columns: 2,
        firstConvolution: { kernelSize: 5, strides: 1, padding: 'same' },
        filters: [48, 128, 192, 192, 128],
        hiddenUnits: 512,
      },
      options,
    ),
})

function buildAlexNet(plan: Plan, { inputShape, classes, dropout }: ArchitectureOptions) {
  const builder = new NetworkBuilder(plan.name, inputShape)
  const [first, second, third, fourth, fifth] = plan.filters.map(filters => filters / plan.columns)
  const { kernelSize, ...window } = plan.firstConvolution
  const pooling = maxPool2d(3, { strides: 2 })

  const lower = [
    conv2d(first ?? 0, kernelSize, { ...window, activation: 'relu', kernelInitializer: 'heNormal' }),
    localResponseNormalization(),
    pooling,
    convolution(second ?? 0, 5),
    localResponseNormalization(),
    pooling,
  ]
  const upper = [convolution(third ?? 0, 3), convolution(fourth ?? 0, 3), convolution(fifth ?? 0, 3), pooling]
  const inColumns = (layers: LayerSpec[], input: Node) =>
    join(
      builder,
      Array.from({ length: plan.columns }, () => builder.sequence(layers, input)),
    )
  builder.sequence(
    [
      flatten(),
      ...hiddenLayer(plan.hiddenUnits, dropout),
      ...hiddenLayer(plan.hiddenUnits, dropout),
      classifier(classes),
    ],
    inColumns(upper, inColumns(lower, builder.input)),
  )
  return builder.build()
}

function convolution(filters: number, kernelSize: number): LayerSpec {
  return conv2d(filters, kernelSize, { padding: 'same', activation: 'relu', kernelInitializer: 'heNormal' })
}

function join(builder: NetworkBuilder, nodes: Node[]): Node {
  const [only, ...others] = nodes
  return only && others.length === 0 ? only : builder.add(concatenate(), nodes)
}
