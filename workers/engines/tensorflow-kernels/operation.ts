import * as tf from '@tensorflow/tfjs-core'
import type { Addon, OpAttribute } from '../tensorflow-binding.js'

/** Writes the attributes of TensorFlow's operations, by the types in which the C API takes them. */
export function attributeWriter(addon: Addon) {
  return {
    float32: (name: string): OpAttribute => ({ name, type: addon.TF_ATTR_TYPE, value: addon.TF_FLOAT }),
    int32: (name: string): OpAttribute => ({ name, type: addon.TF_ATTR_TYPE, value: addon.TF_INT32 }),
    float: (name: string, value: number): OpAttribute => ({ name, type: addon.TF_ATTR_FLOAT, value }),
    ints: (name: string, value: number[]): OpAttribute => ({ name, type: addon.TF_ATTR_INT, value }),
    shape: (name: string, value: number[]): OpAttribute => ({ name, type: addon.TF_ATTR_SHAPE, value }),
    string: (name: string, value: string): OpAttribute => ({ name, type: addon.TF_ATTR_STRING, value }),
    bool: (name: string, value: boolean): OpAttribute => ({ name, type: addon.TF_ATTR_BOOL, value }),
    /** The label under which TensorFlow registers what oneDNN computes on tensors in TensorFlow's own layout. */
    native: { name: '_kernel', type: addon.TF_ATTR_STRING, value: 'MklNameChangeOp' },
  }
}

/** An input of a kernel. The engine of tfjs passes tensors, though its types promise only their descriptions. */
export function inputNamed(inputs: tf.NamedTensorInfoMap, name: string): tf.Tensor {
  const input = inputs[name]
  if (input instanceof tf.Tensor) return input
  throw new Error(`the input '${name}' is missing`)
}

/** Puts a kernel in place of upstream's, which it is given. */
export function replaceKernel(kernelName: string, create: (upstream: tf.KernelFunc) => tf.KernelFunc): void {
  const upstream = tf.getKernel(kernelName, 'tensorflow')?.kernelFunc
  if (!upstream) throw new Error(`this version of tfjs-node-gpu has no kernel ${kernelName}`)
  tf.unregisterKernel(kernelName, 'tensorflow')
  tf.registerKernel({ kernelName, backendName: 'tensorflow', kernelFunc: create(upstream) })
}

/** Whether the library can do what `run` asks of it. */
export function succeeds(run: () => void): boolean {
  try {
    tf.tidy(run)
    return true
  } catch {
    return false
  }
}
