import {
  add,
  concatenate,
  cropChannels,
  globalAvgPool2d,
  leakyRelu,
  maxPool2d,
  padChannels,
} from '../layers.js'
import { NetworkBuilder, type Node } from '../network-builder.js'
import { defineArchitecture } from './architecture.js'
import { basicBlock, classifier, dropoutLayer, normalizedConv, relu } from './blocks.js'

const paper =
  'C.-Y. Wang et al., “CSPNet: a new backbone that can enhance learning capability of CNN”, CVPR Workshops 2020, ' +
  'section 3'

/** The slope that Darknet gives to what is negative. */
const leaky = leakyRelu(0.1)

/**
 * What differs between the stages of the authors' configuration: whether the convolutions that divide a stage's
 * input are followed by an activation, and that of the first the part for the blocks is narrower.
 */
const stages = [
  { filters: 128, blocks: 3, divided: [leaky], through: 64 },
  { filters: 256, blocks: 3, divided: [], through: 256 },
  { filters: 512, blocks: 5, divided: [], through: 512 },
  { filters: 1024, blocks: 2, divided: [leaky], through: 1024 },
] as const

/**
 * CSPResNet-50: each stage's input is divided in two, and only one part goes through the residual blocks; a
 * convolution at the end of that part and one over both are the transitions.
 */
export const cspresnet50 = defineArchitecture({
  id: 'cspresnet-50',
  title: 'CSPResNet-50',
  source:
    `${paper}, as in the authors’ cfg/csresnet50.cfg (WongKinYiu/CrossStagePartialNetworks; 21,607,848 ` +
    'trainable parameters)',
  inputShape: [256, 256, 3],
  classes: 1000,
  minimumSize: 28,
  build({ inputShape, classes, dropout }) {
    const builder = new NetworkBuilder('cspresnet-50', inputShape)
    let node = builder.sequence(
      [...normalizedConv(64, 7, { strides: 2, after: [leaky] }), maxPool2d(2)],
      builder.input,
    )
    for (const [index, { filters, blocks, divided, through }] of stages.entries()) {
      if (index > 0) {
        node = builder.sequence(normalizedConv(filters / 2, 3, { strides: 2, after: [leaky] }), node)
      }
      const past = builder.sequence(normalizedConv(filters, 1, { after: divided }), node)
      let part = builder.sequence(normalizedConv(through, 1, { after: divided }), node)
      for (let block = 0; block < blocks; block++) part = bottleneck(builder, part, filters)
      part = builder.sequence(normalizedConv(filters, 1, { after: [leaky] }), part)
      const joined = builder.add(concatenate(), [part, past])
      node = builder.sequence(normalizedConv(filters, 1, { after: [leaky] }), joined)
    }
    builder.sequence([globalAvgPool2d(), ...dropoutLayer(dropout), classifier(classes)], node)
    return builder.build()
  },
})

/** Where the sum has more channels than the input, the input goes to the first ones, as Darknet has it. */
function bottleneck(builder: NetworkBuilder, input: Node, filters: number): Node {
  const missing = filters - (input.shape[2] ?? 0)
  const residual = builder.sequence(
    [
      ...normalizedConv(filters / 2, 1, { after: [leaky] }),
      ...normalizedConv(filters / 2, 3, { after: [leaky] }),
      ...normalizedConv(filters, 1),
    ],
    input,
  )
  const shortcut = missing > 0 ? builder.add(padChannels(0, missing), input) : input
  return builder.add(leaky, builder.add(add(), [residual, shortcut]))
}

/** The plan of ResNet-20 with cross-stage partial stages: half of the channels go past the residual blocks. */
export const cspresnet20 = defineArchitecture({
  id: 'cspresnet-20',
  title: 'CSP-ResNet-20 for small images',
  source: `${paper} (figure 2b, with both transitions), applied to the ResNet-20 of He et al., CVPR 2016, section 4.2`,
  inputShape: [32, 32, 3],
  classes: 10,
  minimumSize: 8,
  build({ inputShape, classes, dropout }) {
    const builder = new NetworkBuilder('cspresnet-20', inputShape)
    let node = builder.sequence(normalizedConv(16, 3, { after: [relu] }), builder.input)
    for (const [stage, filters] of [16, 32, 64].entries()) {
      if (stage > 0) node = builder.sequence(normalizedConv(filters, 3, { strides: 2, after: [relu] }), node)
      const half = filters / 2
      const past = builder.add(cropChannels(0, half), node)
      let part = builder.add(cropChannels(half, 0), node)
      for (let block = 0; block < 3; block++) part = basicBlock(builder, part, half)
      part = builder.sequence(normalizedConv(half, 1, { after: [relu] }), part)
      const joined = builder.add(concatenate(), [past, part])
      node = builder.sequence(normalizedConv(filters, 1, { after: [relu] }), joined)
    }
    builder.sequence([globalAvgPool2d(), ...dropoutLayer(dropout), classifier(classes)], node)
    return builder.build()
  },
})
