import { add, globalAvgPool2d } from '../layers.js'
import { NetworkBuilder, type Node } from '../network-builder.js'
import { type ArchitectureOptions, defineArchitecture } from './architecture.js'
import { classifier, dropoutLayer, normalizedConv, normalizedDepthwiseConv, relu6 } from './blocks.js'

/** Expansion t, channels c, repetitions n and stride s of the bottlenecks: table 2 of the paper. */
const stages = [
  { expansion: 1, filters: 16, repetitions: 1, strides: 1 },
  { expansion: 6, filters: 24, repetitions: 2, strides: 2 },
  { expansion: 6, filters: 32, repetitions: 3, strides: 2 },
  { expansion: 6, filters: 64, repetitions: 4, strides: 2 },
  { expansion: 6, filters: 96, repetitions: 3, strides: 1 },
  { expansion: 6, filters: 160, repetitions: 3, strides: 2 },
  { expansion: 6, filters: 320, repetitions: 1, strides: 1 },
] as const

const paper =
  'M. Sandler, A. Howard, M. Zhu, A. Zhmoginov and L.-C. Chen, “MobileNetV2: inverted residuals and linear ' +
  'bottlenecks”, CVPR 2018, table 2'

/** MobileNet v2, with its width multiplier, which leaves the last convolution alone where it is below 1. */
export const mobilenetV2 = defineArchitecture({
  id: 'mobilenet-v2',
  title: 'MobileNet v2',
  source: `${paper} (3,504,872 trainable parameters at width 1)`,
  inputShape: [224, 224, 3],
  classes: 1000,
  minimumSize: 28,
  hasWidthMultiplier: true,
  build: options => buildMobilenet('mobilenet-v2', new Set(), options),
})

export const mobilenetV2Small = defineArchitecture({
  id: 'mobilenet-v2-small',
  title: 'MobileNet v2 for small images',
  source: `${paper}, with stride 1 in the first convolution and in the second stage, for images of about 32x32`,
  inputShape: [32, 32, 3],
  classes: 10,
  minimumSize: 8,
  hasWidthMultiplier: true,
  build: options => buildMobilenet('mobilenet-v2-small', new Set([0, 2]), options),
})

/** @param kept the stages, the first convolution being 0, that keep the size of the image though the table halves it */
function buildMobilenet(name: string, kept: ReadonlySet<number>, options: ArchitectureOptions) {
  const { inputShape, classes, dropout, widthMultiplier } = options
  const builder = new NetworkBuilder(name, inputShape)
  let node = builder.sequence(
    normalizedConv(roundWidth(32 * widthMultiplier), 3, { strides: kept.has(0) ? 1 : 2, after: [relu6] }),
    builder.input,
  )
  for (const [index, { expansion, filters, repetitions, strides }] of stages.entries()) {
    for (let repetition = 0; repetition < repetitions; repetition++) {
      const halves = repetition === 0 && strides === 2 && !kept.has(index + 1)
      node = invertedResidual(builder, node, expansion, roundWidth(filters * widthMultiplier), halves ? 2 : 1)
    }
  }
  builder.sequence(
    [
      ...normalizedConv(roundWidth(1280 * Math.max(1, widthMultiplier)), 1, { after: [relu6] }),
      globalAvgPool2d(),
      ...dropoutLayer(dropout),
      classifier(classes),
    ],
    node,
  )
  return builder.build()
}

/** Widens, looks around within each channel, and narrows without an activation: figure 4 of the paper. */
function invertedResidual(
  builder: NetworkBuilder,
  input: Node,
  expansion: number,
  filters: number,
  strides: number,
): Node {
  const channels = input.shape[2] ?? 0
  const output = builder.sequence(
    [
      ...(expansion > 1 ? normalizedConv(channels * expansion, 1, { after: [relu6] }) : []),
      ...normalizedDepthwiseConv(strides, relu6),
      ...normalizedConv(filters, 1),
    ],
    input,
  )
  return strides === 1 && channels === filters ? builder.add(add(), [input, output]) : output
}

/** The nearest multiple of 8 that is no more than a tenth below: the rule of the authors' code. */
function roundWidth(filters: number): number {
  const rounded = Math.max(8, Math.floor((filters + 4) / 8) * 8)
  return rounded < 0.9 * filters ? rounded + 8 : rounded
}
