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
  const hold = (x: tf.Tensor): tf.Tensor => {
    const handle = backend.executeSingleOutput(
      'VarHandleOp',
      [
        attribute.float32('dtype'),
        attribute.shape('shape', x.shape),
        attribute.string('shared_name', ANONYMOUS),
      ],
      [],
    )
    backend.executeMultipleOutputs('AssignVariableOp', [attribute.float32('dtype')], [handle, x], 0)
    return handle
  }
  const read = (held: tf.Tensor): tf.Tensor =>
    backend.executeSingleOutput('ReadVariableOp', [attribute.float32('dtype')], [held])
  const kernels: Record<string, tf.KernelFunc> = {
    [HOLD]: ({ inputs }) => hold(inputNamed(inputs, 'x')),
    [READ_HELD]: ({ inputs }) => read(inputNamed(inputs, 'held')),
    [ADAM]: ({ inputs, attrs }) => {
      const { rate, beta1, beta2, epsilon } = attributes.parse(attrs)
      return tf.tidy(() => {
        const weight = hold(inputNamed(inputs, 'weight'))
        // The powers of the betas are zero: the rate is corrected already, in float64.
        const numbers = [0, 0, rate, beta1, beta2, epsilon].map(value => tf.scalar(value))
        const [mean, meanSquare] = [inputNamed(inputs, 'mean'), inputNamed(inputs, 'meanSquare')]
        const all = [weight, mean, meanSquare, ...numbers, inputNamed(inputs, 'gradient')]
        backend.executeMultipleOutputs('ResourceApplyAdam', [attribute.float32('T')], all, 0)
        return read(weight)
      })
    },
  }
  for (const [kernelName, kernelFunc] of Object.entries(kernels)) {
    tf.registerKernel({ kernelName, backendName: 'tensorflow', kernelFunc })
  }
}
