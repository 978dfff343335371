import type { Layer, Network } from './network.js'

/** What one step of training holds in memory at once, in bytes. */
export interface TrainingMemory {
  /** The weights before and after the step, their gradients, and what the optimizer remembers of them. */
  weightBytes: number
  /** The batch, what every layer computes of it, and the gradients by all that. */
  activationBytes: number
  totalBytes: number
}

const BYTES_OF_FLOAT32 = 4

/** The most that WebAssembly can address, and so one heap of the wasm engine hold. */
const WASM_HEAP_BYTES = 4 * 1024 ** 3
/** In how many heaps the wasm engine trains at most. */
export const MOST_WASM_PARTS = 8
/** The most that a heap was seen to grow to, in terms of the estimate. */
const LARGEST_GROWTH = 1.7

/**
 * Estimates from the tensors that the forward pass makes, each with its gradient. Measured on the wasm engine, with
 * eight of the architectures, the heap grew to 0.95 to 1.7 times the estimate.
 * @param optimizerSlots numbers that the optimizer keeps for each weight: 2 of Adam, 1 of momentum
 */
export function estimateTrainingMemory(
  network: Network,
  { batchSize, optimizerSlots }: { batchSize: number; optimizerSlots: number },
): TrainingMemory {
  const input = product(network.inputShape)
  const numbers = network.layers.reduce(
    (sum, layer) => sum + tensorsOf(layer) * product(layer.outputShape),
    input,
  )
  const activationBytes = 2 * batchSize * numbers * BYTES_OF_FLOAT32
  const trained = network.trainableParameters * (2 + optimizerSlots)
  const weightBytes = (network.parameters + trained) * BYTES_OF_FLOAT32
  return { weightBytes, activationBytes, totalBytes: weightBytes + activationBytes }
}

/** What fits into one heap of the wasm engine beside the weights, by the estimate. */
export function wasmActivationBytes({ weightBytes }: Pick<TrainingMemory, 'weightBytes'>): number {
  return Math.max(0, WASM_HEAP_BYTES - weightBytes) / LARGEST_GROWTH
}

/** In how many parts, each with a heap of its own, the wasm engine must train a batch; infinite where none would do. */
export function countWasmParts(memory: TrainingMemory): number {
  return Math.ceil(memory.activationBytes / wasmActivationBytes(memory))
}

/** How many tensors of its output's size a layer makes in training. */
function tensorsOf(layer: Layer): number {
  switch (layer.type) {
    case 'conv2d':
    case 'depthwiseConv2d':
    case 'dense':
      return 1 + Number(layer.useBias) + Number(layer.activation !== 'linear')
    case 'batchNormalization':
    case 'dropout':
      return 2
    case 'localResponseNormalization':
      return 8
    case 'flatten':
    case 'reshape':
      return 0
    case 'activation':
      return Number(layer.activation !== 'linear')
    default:
      return 1
  }
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1)
}
