import {
  activation,
  avgPool2d,
  concatenate,
  conv2d,
  cropChannels,
  dense,
  depthwiseConv2d,
  flatten,
  zeroPadding2d,
} from '../layers.js'
import type { ImageShape, LayerSpec } from '../network.js'
import { NetworkBuilder, type Node } from '../network-builder.js'
import { defineArchitecture } from './architecture.js'
import { dropoutLayer } from './blocks.js'
import { digitBitmaps } from './digit-bitmaps.js'

const S2_MAPS = 6
const FULL_SIZE = 32

/**
 * Table I of the paper: what each map of C3 reads, as runs of neighbouring maps of S2, taken as a ring. Six read
 * three neighbours, six read four, three read two pairs, and the last reads all.
 */
const c3Table: readonly (readonly { first: number; count: number }[])[] = [
  ...[0, 1, 2, 3, 4, 5].map(first => [{ first, count: 3 }]),
  ...[0, 1, 2, 3, 4, 5].map(first => [{ first, count: 4 }]),
  ...[0, 1, 2].map(first => [
    { first, count: 2 },
    { first: first + 3, count: 2 },
  ]),
  [{ first: 0, count: S2_MAPS }],
]

/**
 * LeNet-5 as in the paper, with its 60,000 trainable parameters: C3's table of connections, subsampling with a
 * trainable coefficient and bias for each map, C5 as a convolution, and radial basis functions with fixed
 * centres as output. It differs in four places. The squashing function is a plain tanh: the factors of the
 * paper's 1.7159 tanh(2a/3) are a matter of the weights around it. Weights begin as in Glorot's paper. The loss
 * is the cross-entropy of softmax(-distance), the paper's equation 9 without its constant for rubbish. And the
 * centres are digits drawn for this project.
 */
export const lenet51998 = defineArchitecture({
  id: 'lenet-5-1998',
  title: 'LeNet-5, as published',
  source:
    'Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, “Gradient-based learning applied to document ' +
    'recognition”, Proceedings of the IEEE 86(11), 1998, section II.B (60,000 trainable parameters), with ' +
    'plain tanh and a softmax of the distances; smaller images are padded to 32x32',
  inputShape: [FULL_SIZE, FULL_SIZE, 1],
  classes: 10,
  minimumSize: 20,
  maximumClasses: digitBitmaps.length,
  build({ inputShape, classes, dropout }) {
    const builder = new NetworkBuilder('lenet-5-1998', inputShape)
    const s2 = builder.sequence(
      [...padding(inputShape), conv2d(6, 5, { activation: 'tanh' }), ...subsampling()],
      builder.input,
    )
    const s4 = builder.sequence(subsampling(), addC3(builder, s2))
    const [height = 0, width = 0] = s4.shape
    builder.sequence(
      [
        conv2d(120, [height, width], { activation: 'tanh' }),
        flatten(),
        dense(84, { activation: 'tanh' }),
        ...dropoutLayer(dropout),
        radialBasisFunctions(classes),
      ],
      s4,
    )
    return builder.build()
  },
})

/** Zeros around an image that is smaller than the paper's. */
function padding([height, width]: ImageShape): LayerSpec[] {
  const [rows, columns] = [Math.max(0, FULL_SIZE - height), Math.max(0, FULL_SIZE - width)]
  if (rows + columns === 0) return []
  const halve = (size: number) => [Math.floor(size / 2), Math.ceil(size / 2)] as const
  return [zeroPadding2d([halve(rows), halve(columns)])]
}

/** The mean of four, times a coefficient, plus a bias, squashed: the coefficient takes the paper's sum in. */
function subsampling(): LayerSpec[] {
  return [avgPool2d(2), depthwiseConv2d(1, { activation: 'tanh' })]
}

function addC3(builder: NetworkBuilder, s2: Node): Node {
  // Laid out twice, a ring has every run of neighbours in one piece.
  const ring = builder.add(concatenate(), [s2, s2])
  const maps = c3Table.map(runs => {
    const pieces = runs.map(({ first, count }) =>
      builder.add(cropChannels(first, 2 * S2_MAPS - first - count), ring),
    )
    const read = pieces.length === 1 ? pieces : builder.add(concatenate(), pieces)
    return builder.add(conv2d(1, 5), read)
  })
  return builder.add(activation('tanh'), builder.add(concatenate(), maps))
}

/**
 * softmax(-|x - w|²) of the distances to each class's bitmap w, as a dense layer that does not learn: all but
 * 2 w·x - |w|² is the same for every class.
 */
function radialBasisFunctions(classes: number): LayerSpec {
  const centres = digitBitmaps.slice(0, classes)
  const pixels = centres[0]?.length ?? 0
  return dense(classes, {
    activation: 'softmax',
    trainable: false,
    kernelInitializer: Array.from({ length: pixels }, (_, pixel) =>
      centres.map(centre => 2 * (centre[pixel] ?? 0)),
    ).flat(),
    biasInitializer: centres.map(centre => -centre.reduce((sum, value) => sum + value * value, 0)),
  })
}
