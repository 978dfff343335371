import { globalAvgPool2d } from '../layers.js'
import { buildSequential } from '../network-builder.js'
import { type ArchitectureOptions, defineArchitecture } from './architecture.js'
import { classifier, dropoutLayer, normalizedConv, normalizedDepthwiseConv, relu } from './blocks.js'

/** Channels and stride of the thirteen separable convolutions: table 1 of the paper. */
const blocks: readonly (readonly [filters: number, strides: number])[] = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  ...Array.from({ length: 5 }, () => [512, 1] as const),
  [1024, 2],
  [1024, 1],
]

const paper =
  'A. G. Howard et al., “MobileNets: efficient convolutional neural networks for mobile vision applications”, ' +
  'arXiv:1704.04861, 2017, table 1'

/** MobileNet v1, with its width multiplier (section 3.3); the last stride of the table, a misprint, is 1. */
export const mobilenetV1 = defineArchitecture({
  id: 'mobilenet-v1',
  title: 'MobileNet v1',
  source: `${paper} (4,231,976 trainable parameters at width 1)`,
  inputShape: [224, 224, 3],
  classes: 1000,
  minimumSize: 28,
  hasWidthMultiplier: true,
  build: options => buildMobilenet('mobilenet-v1', 2, options),
})

export const mobilenetV1Small = defineArchitecture({
  id: 'mobilenet-v1-small',
  title: 'MobileNet v1 for small images',
  source:
    `${paper}, in the form for CIFAR-10 of kuangliu/pytorch-cifar (2017; 3,217,226 trainable parameters): ` +
    'the first convolution has stride 1',
  inputShape: [32, 32, 3],
  classes: 10,
  minimumSize: 16,
  hasWidthMultiplier: true,
  build: options => buildMobilenet('mobilenet-v1-small', 1, options),
})

function buildMobilenet(name: string, firstStrides: number, options: ArchitectureOptions) {
  const { inputShape, classes, dropout, widthMultiplier } = options
  const width = (filters: number) => Math.max(1, Math.trunc(filters * widthMultiplier))
  return buildSequential(name, inputShape, [
    ...normalizedConv(width(32), 3, { strides: firstStrides, after: [relu] }),
    ...blocks.flatMap(([filters, strides]) => [
      ...normalizedDepthwiseConv(strides, relu),
      ...normalizedConv(width(filters), 1, { after: [relu] }),
    ]),
    globalAvgPool2d(),
    ...dropoutLayer(dropout),
    classifier(classes),
  ])
}
