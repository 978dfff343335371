import { conv2d, dense, flatten, maxPool2d } from '../layers.js'
import { buildSequential } from '../network-builder.js'
import { defineArchitecture } from './architecture.js'
import { classifier, dropoutLayer } from './blocks.js'

/** The smallest network that shows every idea of a CNN. Keras' `summary()` counts 347,146 parameters. */
export const simpleCnn = defineArchitecture({
  id: 'simple-cnn',
  title: 'Simple CNN',
  source:
    'One convolution, one max-pooling and two dense layers: a shortened form of the introductory convnet of ' +
    'F. Chollet, Deep Learning with Python (Manning, 2017), section 5.1',
  inputShape: [28, 28, 1],
  classes: 10,
  minimumSize: 4,
  build: ({ inputShape, classes, dropout }) =>
    buildSequential('simple-cnn', inputShape, [
      conv2d(32, 3, { activation: 'relu' }),
      maxPool2d(2),
      flatten(),
      dense(64, { activation: 'relu' }),
      ...dropoutLayer(dropout),
      classifier(classes),
    ]),
})
