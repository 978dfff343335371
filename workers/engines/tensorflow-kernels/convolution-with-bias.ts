import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import type { TensorFlowBackend } from '../tensorflow-binding.js'
import { attributeWriter, inputNamed, replaceKernel, succeeds } from './operation.js'

const attributes = z.object({
  strides: z.tuple([z.number(), z.number()]),
  pad: z.enum(['valid', 'same']),
  dilations: z.tuple([z.number(), z.number()]),
  dataFormat: z.literal('NHWC'),
  activation: z.literal('linear'),
})

const plain = attributes.parse({
  strides: [1, 1],
  pad: 'valid',
  dilations: [1, 1],
  dataFormat: 'NHWC',
  activation: 'linear',
})

/**
 * A convolution that adds its bias as it goes, by oneDNN's operation: upstream goes over the output again, which took
 * longer than the convolution itself on 128 images of 28x28x1 with 32 filters. Does nothing where the library has no such
 * operation, as on ARM.
 */
export function registerConvolutionWithBias(backend: TensorFlowBackend): void {
  const attribute = attributeWriter(backend.binding)
  const convolve = (
    inputs: tf.NamedTensorInfoMap,
    { strides, pad, dilations }: z.output<typeof attributes>,
  ) =>
    backend.executeSingleOutput(
      '_MklNativeConv2DWithBias',
      [
        attribute.float32('T'),
        attribute.ints('strides', [1, ...strides, 1]),
        attribute.ints('dilations', [1, ...dilations, 1]),
        attribute.string('padding', pad.toUpperCase()),
        attribute.string('data_format', 'NHWC'),
        attribute.native,
      ],
      ['x', 'filter', 'bias'].map(name => inputNamed(inputs, name)),
    )
  const canConvolve = succeeds(() => {
    const x = tf.ones([1, 1, 1, 1])
    convolve({ x, filter: x, bias: tf.ones([1]) }, plain)
  })
  if (!canConvolve) return
  replaceKernel(tf.FusedConv2D, upstream => params => {
    const own = attributes.safeParse(params.attrs)
    const { filter, bias } = params.inputs
    // Those of one place are what oneDNN ends the process in on some machines: they stay with the operation that
    // `TF_ENABLE_ONEDNN_OPTS=0`, the way out of that, can have computed without it.
    const isPointwise = filter?.shape[0] === 1 && filter.shape[1] === 1
    return own.success && bias && !isPointwise ? convolve(params.inputs, own.data) : upstream(params)
  })
}
