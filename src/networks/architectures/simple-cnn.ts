import { conv2d, dense, dropout, flatten, maxPool2d } from '../layers.js'
import { buildSequential } from '../network-builder.js'
import type { Architecture } from './architecture.js'

/** The smallest network that shows every idea of a CNN. Keras' `summary()` counts 347,146 parameters. */
export const simpleCnn: Architecture = {
  id: 'simple-cnn',
  title: 'Simple CNN',
  source:
    'One convolution, one max-pooling and two dense layers: a shortened form of the introductory convnet of ' +
    'F. Chollet, Deep Learning with Python (Manning, 2017), section 5.1',
  inputShape: [28, 28, 1],
  classes: 10,
  build: options =>
    buildSequential(
      'simple-cnn',
      [28, 28, 1],
      [
        conv2d(32, 3, { activation: 'relu' }),
        maxPool2d(2),
        flatten(),
        dense(64, { activation: 'relu' }),
        ...(options.dropout > 0 ? [dropout(options.dropout)] : []),
        dense(10, { activation: 'softmax' }),
      ],
    ),
}
