import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { ADAM, HOLD, READ_HELD } from '../adam.js'
import type { TensorFlowBackend } from '../tensorflow-binding.js'
import { attributeWriter, inputNamed } from './operation.js'

const attributes = z.object({ rate: z.number(), beta1: z.number(), beta2: z.number(), epsilon: z.number() })

/** The name by which TensorFlow knows a variable that is gone when nothing refers to it any more. */
const ANONYMOUS = 'cd2c89b7-88b7-44c8-ad83-06c2a9158347'

/** Adam by TensorFlow's own operation, which goes over the weight once, on variables of TensorFlow. */
export function registerAdam(backend: TensorFlowBackend): void {
  const attribute = attributeWriter(backend.binding)
  const dtype = attribute.float32('dtype')
  const create = (shape: number[]): tf.Tensor =>
    backend.executeSingleOutput(
      'VarHandleOp',
      [dtype, attribute.shape('shape', shape), attribute.string('shared_name', ANONYMOUS)],
      [],
    )
  // What is assigned is shared with the tensor until an operation changes the one: then it is copied first.
  const assign = (variable: tf.Tensor, x: tf.Tensor) =>
    backend.executeMultipleOutputs('AssignVariableOp', [dtype], [variable, x], 0)
  const read = (variable: tf.Tensor): tf.Tensor =>
    backend.executeSingleOutput('ReadVariableOp', [dtype], [variable])

  // For all weights in turn, whatever their shape: a variable takes longer to create than to assign.
  const current = tf.keep(create([]))
  const constants = new Constants()
  const kernels: Record<string, tf.KernelFunc> = {
    [HOLD]: ({ inputs }) => {
      const x = inputNamed(inputs, 'x')
      const variable = create(x.shape)
      assign(variable, x)
      return variable
    },
    [READ_HELD]: ({ inputs }) => read(inputNamed(inputs, 'held')),
    [ADAM]: ({ inputs, attrs }) => {
      const { rate, beta1, beta2, epsilon } = attributes.parse(attrs)
      assign(current, inputNamed(inputs, 'weight'))
      const [mean, meanSquare] = [inputNamed(inputs, 'mean'), inputNamed(inputs, 'meanSquare')]
      // The powers of the betas are zero: the rate is corrected already, in float64.
      const numbers = constants.take([0, 0, rate, beta1, beta2, epsilon])
      const all = [current, mean, meanSquare, ...numbers, inputNamed(inputs, 'gradient')]
      backend.executeMultipleOutputs('ResourceApplyAdam', [attribute.float32('T')], all, 0)
      return read(current)
    },
  }
  for (const [kernelName, kernelFunc] of Object.entries(kernels)) {
    tf.registerKernel({ kernelName, backendName: 'tensorflow', kernelFunc })
  }
}

/** Numbers as tensors, kept until others are asked for. */
class Constants {
  #values: readonly number[] = [0, 0, 0, 0, 0, 0]
  #tensors = this.#values.map(value => tf.keep(tf.scalar(value)))

  take(values: readonly number[]): tf.Tensor[] {
    this.#tensors = values.map((value, place) => {
      const known = this.#tensors[place]
      if (known && value === this.#values[place]) return known
      known?.dispose()
      return tf.keep(tf.scalar(value))
    })
    this.#values = values
    return this.#tensors
  }
}
