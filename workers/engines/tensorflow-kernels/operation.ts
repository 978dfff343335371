import { type NamedTensorInfoMap, Tensor } from '@tensorflow/tfjs-core'
import type { Addon, OpAttribute } from '../tensorflow-binding.js'

/** Writes the attributes of TensorFlow's operations, by the types in which the C API takes them. */
export function attributeWriter(addon: Addon) {
  return {
    float32: (name: string): OpAttribute => ({ name, type: addon.TF_ATTR_TYPE, value: addon.TF_FLOAT }),
    float: (name: string, value: number): OpAttribute => ({ name, type: addon.TF_ATTR_FLOAT, value }),
    ints: (name: string, value: number[]): OpAttribute => ({ name, type: addon.TF_ATTR_INT, value }),
    shape: (name: string, value: number[]): OpAttribute => ({ name, type: addon.TF_ATTR_SHAPE, value }),
    string: (name: string, value: string): OpAttribute => ({ name, type: addon.TF_ATTR_STRING, value }),
    bool: (name: string, value: boolean): OpAttribute => ({ name, type: addon.TF_ATTR_BOOL, value }),
  }
}

/** An input of a kernel. The engine of tfjs passes tensors, though its types promise only their descriptions. */
export function inputNamed(inputs: NamedTensorInfoMap, name: string): Tensor {
  const input = inputs[name]
  if (input instanceof Tensor) return input
  throw new Error(`the input '${name}' is missing`)
}
