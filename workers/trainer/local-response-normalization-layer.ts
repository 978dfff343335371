import * as tf from '@tensorflow/tfjs-core'
import { layers } from '@tensorflow/tfjs-layers'
import { z } from 'zod'
import { localResponseNormalize } from './local-response-normalization.js'

const settings = z.object({ radius: z.number(), bias: z.number(), alpha: z.number(), beta: z.number() })
const config = settings.extend({
  name: z.string(),
  /** Of a Sequential's first layer. */
  batchInputShape: z.array(z.int().nullable()).optional(),
})

/** Local response normalisation for models that are read from files: Keras and tfjs have no such layer. */
class LocalResponseNormalization extends layers.Layer {
  /** What a model's file calls it. */
  static readonly className = 'LocalResponseNormalization'
  readonly #settings: z.output<typeof settings>

  constructor(args: unknown) {
    const { name, batchInputShape, ...own } = config.parse(args)
    super(batchInputShape ? { name, batchInputShape } : { name })
    this.#settings = own
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const [x] = Array.isArray(inputs) ? inputs : [inputs]
    if (!x || !isImages(x)) throw new Error('it takes one tensor [batch, height, width, channels]')
    return localResponseNormalize(tf, x, this.#settings)
  }

  override computeOutputShape<T>(inputShape: T): T {
    return inputShape
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.#settings }
  }
}

function isImages(x: tf.Tensor): x is tf.Tensor4D {
  return x.rank === 4
}

/** Lets `loadLayersModel` open models that have the layer. */
export function registerLocalResponseNormalization(): void {
  tf.serialization.registerClass(LocalResponseNormalization)
}
