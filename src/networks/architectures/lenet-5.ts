import { avgPool2d, conv2d, dense, flatten } from '../layers.js'
import { buildSequential } from '../network-builder.js'
import { defineArchitecture } from './architecture.js'
import { classifier, dropoutLayer } from './blocks.js'

/**
 * LeNet-5 as it is taught today. It differs from the paper's in four places: 28x28 images padded in the
 * first convolution instead of 32x32 ones, every map of C3 sees every map of S2, pooling has no trainable
 * coefficients, and a softmax stands in for the radial basis functions. `lenet-5-1998` keeps to the paper.
 */
export const lenet5 = defineArchitecture({
  id: 'lenet-5',
  title: 'LeNet-5',
  source:
    'Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, “Gradient-based learning applied to document ' +
    'recognition”, Proceedings of the IEEE 86(11), 1998, section II.B; the modern form of A. Zhang, ' +
    'Z. Lipton, M. Li and A. Smola, Dive into Deep Learning, section 7.6 (61,706 parameters), with the ' +
    'paper’s tanh',
  inputShape: [28, 28, 1],
  classes: 10,
  minimumSize: 12,
  build: ({ inputShape, classes, dropout }) =>
    buildSequential('lenet-5', inputShape, [
      conv2d(6, 5, { padding: 'same', activation: 'tanh' }),
      avgPool2d(2),
      conv2d(16, 5, { activation: 'tanh' }),
      avgPool2d(2),
      flatten(),
      dense(120, { activation: 'tanh' }),
      dense(84, { activation: 'tanh' }),
      ...dropoutLayer(dropout),
      classifier(classes),
    ]),
})
