import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import type { TensorFlowBackend } from '../tensorflow-binding.js'
import { attributeWriter, inputNamed, replaceKernel } from './operation.js'

const attributes = z.object({ axis: z.union([z.number(), z.array(z.number())]), keepDims: z.literal(false) })

/** The sums over all axes but the last, which are a bias's gradient: TensorFlow's operation for that takes a third. */
export function registerSum(backend: TensorFlowBackend): void {
  const attribute = attributeWriter(backend.binding)
  replaceKernel(tf.Sum, upstream => params => {
    const own = attributes.safeParse(params.attrs)
    const x = inputNamed(params.inputs, 'x')
    if (!own.success || x.rank < 2 || x.dtype !== 'float32') return upstream(params)
    const axes = tf.util.parseAxisParam(own.data.axis, x.shape)
    if (axes.length !== x.rank - 1 || axes.includes(x.rank - 1)) return upstream(params)
    return backend.executeSingleOutput('BiasAddGrad', [attribute.float32('T')], [x])
  })
}
