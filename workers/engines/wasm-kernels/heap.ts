import { BackendWasm } from '@tensorflow/tfjs-backend-wasm'
import * as tf from '@tensorflow/tfjs-core'

/** Float32 numbers in the wasm heap. Whoever is given one by `allocate` or an upstream kernel frees it. */
export type HeapTensor = tf.TensorInfo

type KernelParams = Parameters<tf.KernelFunc>[0]

/** A kernel's view of the wasm heap. */
export class Heap {
  readonly #backend: BackendWasm

  constructor(params: Pick<KernelParams, 'backend'>) {
    if (!(params.backend instanceof BackendWasm)) throw new Error('this kernel is for the wasm backend alone')
    this.#backend = params.backend
  }

  /** Room for a tensor; its numbers are whatever was there before. */
  allocate(shape: readonly number[]): HeapTensor {
    return this.#backend.makeOutput([...shape], 'float32')
  }

  /** A vector of these numbers. */
  tensorOf(numbers: ArrayLike<number>): HeapTensor {
    const tensor = this.allocate([numbers.length])
    this.view(tensor).set(numbers)
    return tensor
  }

  /** The numbers themselves. The view dies when the heap grows: take it after every allocation. */
  view(tensor: HeapTensor): Float32Array {
    const view = this.#backend.typedArrayFromHeap(tensor)
    if (!(view instanceof Float32Array)) throw new Error(`a float32 tensor was expected, not ${tensor.dtype}`)
    return view
  }

  /** The same numbers as the integers that their bits spell. */
  bits(tensor: HeapTensor): Int32Array {
    const view = this.view(tensor)
    return new Int32Array(view.buffer, view.byteOffset, view.length)
  }

  /** A second owner of the same numbers, which are freed with the last. */
  share(tensor: HeapTensor): HeapTensor {
    this.#backend.incRef(tensor.dataId)
    return { dataId: tensor.dataId, shape: tensor.shape, dtype: tensor.dtype }
  }

  free(...tensors: HeapTensor[]): void {
    for (const tensor of tensors) this.#backend.disposeData(tensor.dataId)
  }

  /** Runs one of upstream's own kernels that gives a single tensor. */
  run(kernel: tf.KernelConfig, inputs: Record<string, HeapTensor>, attrs: tf.NamedAttrMap = {}): HeapTensor {
    const result = kernel.kernelFunc({ inputs, backend: this.#backend, attrs })
    if (Array.isArray(result)) throw new Error(`${kernel.kernelName} gave several tensors instead of one`)
    return result
  }
}

/** @throws when the kernel was called without that input */
export function requireInput(params: KernelParams, name: string): HeapTensor {
  const tensor = params.inputs[name]
  if (!tensor) throw new Error(`the kernel was called without its input ${name}`)
  return tensor
}

/** Upstream's kernel, taken before it is replaced. */
export function upstreamKernel(name: string): tf.KernelConfig {
  const kernel = tf.getKernel(name, 'wasm')
  if (!kernel) throw new Error(`this version of tfjs-backend-wasm has no kernel ${name}`)
  return kernel
}

/** Puts a kernel in place of upstream's, or where upstream has none. */
export function replaceKernel(kernelName: string, kernelFunc: tf.KernelFunc): void {
  if (tf.getKernel(kernelName, 'wasm')) tf.unregisterKernel(kernelName, 'wasm')
  tf.registerKernel({ kernelName, backendName: 'wasm', kernelFunc })
}
