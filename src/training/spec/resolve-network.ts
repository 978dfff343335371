import { architectures, findArchitecture } from '../../networks/architectures/index.js'
import { buildKerasNetwork } from '../../networks/keras/build-keras-network.js'
import { KerasError } from '../../networks/keras/keras-model.js'
import { readKerasJson } from '../../networks/keras/read-keras-json.js'
import { readKerasPython } from '../../networks/keras/read-keras-python.js'
import { buildLayerList } from '../../networks/layer-list.js'
import type { ImageShape, Network } from '../../networks/network.js'
import { NetworkError } from '../../networks/network-builder.js'
import { formatBytes } from '../../networks/summary.js'
import {
  estimateTrainingMemory,
  MOST_WASM_PARTS,
  type TrainingMemory,
  wasmActivationBytes,
} from '../../networks/training-memory.js'
import { withClasses } from '../../networks/transfer.js'
import type { OptimizerSpec } from './optimization-spec.js'
import type { SpecProblem, TrainingSpec } from './training-spec.js'

type NetworkSpec = Pick<
  TrainingSpec,
  'architecture' | 'layers' | 'kerasJson' | 'kerasPython' | 'widthMultiplier' | 'dropout' | 'from'
>

/** What a network is built for: the images of a dataset, uploaded ones among them. */
export interface Images {
  id: string
  inputShape: ImageShape
  classNames: readonly string[]
}

export type NetworkResolution =
  | {
      network: Network
      /** What of a program was left out, for people. */
      notes: readonly string[]
    }
  | { problems: readonly SpecProblem[] }

/** The network that a spec asks for, built for these images, or what stands in its way. */
export function resolveNetwork(spec: NetworkSpec, images: Images): NetworkResolution {
  const field = sourceOf(spec)
  try {
    const { network, notes } = buildNetwork(spec, images)
    // Fine-tuning brings a head of its own.
    const resolved = { network: spec.from ? withClasses(network, images.classNames.length) : network, notes }
    const problems = findMisfits(resolved.network, spec, images, field)
    return problems.length > 0 ? { problems } : resolved
  } catch (error) {
    if (error instanceof KerasError) return { problems: [{ field, message: error.message, ...error.place }] }
    if (error instanceof NetworkError) return { problems: [{ field, message: `${error.message}.` }] }
    throw error
  }
}

function buildNetwork(spec: NetworkSpec, { inputShape, classNames }: Images) {
  if (spec.layers) return { network: buildLayerList(spec.layers, inputShape), notes: [] }
  if (spec.kerasJson !== undefined) {
    return { network: buildKerasNetwork(readKerasJson(spec.kerasJson), inputShape), notes: [] }
  }
  if (spec.kerasPython !== undefined) {
    const { model, notes } = readKerasPython(spec.kerasPython)
    return { network: buildKerasNetwork(model, inputShape), notes }
  }
  const architecture = findArchitecture(spec.architecture ?? '')
  if (!architecture) throw new NetworkError(describeMissing(spec.architecture ?? ''))
  const { dropout, widthMultiplier = 1 } = spec
  const options = { inputShape, classes: classNames.length, dropout, widthMultiplier }
  return { network: architecture.build(options), notes: [] }
}

export function describeMissing(id: string): string {
  return `The architecture '${id}' is not available; available: ${architectures.map(({ id }) => id).join(', ')}`
}

function sourceOf(spec: NetworkSpec): 'architecture' | 'layers' | 'kerasJson' | 'kerasPython' {
  if (spec.layers) return 'layers'
  if (spec.kerasJson !== undefined) return 'kerasJson'
  return spec.kerasPython === undefined ? 'architecture' : 'kerasPython'
}

function findMisfits(
  network: Network,
  spec: NetworkSpec,
  { id, classNames }: Images,
  field: SpecProblem['field'],
): SpecProblem[] {
  const problems: SpecProblem[] = []
  if (`${network.outputShape}` !== `${classNames.length}`) {
    problems.push({
      field,
      message:
        `The network's output is ${network.outputShape.join('x')}, but '${id}' has ${classNames.length} classes: ` +
        `end it in a dense layer of ${classNames.length} units.`,
    })
  }
  if (network.trainableParameters === 0) {
    problems.push({
      field,
      message: 'The network has nothing to train: none of its layers has a weight that learns.',
    })
  }
  if (field !== 'architecture' && spec.dropout > 0) {
    problems.push({
      field: 'dropout',
      message: 'The rate is for architectures: add a dropout layer instead.',
    })
  }
  if (field !== 'architecture' && spec.widthMultiplier !== undefined) {
    problems.push({ field: 'widthMultiplier', message: 'Only an architecture can be made wider.' })
  }
  return problems
}

/** What a step of a run's training holds in memory. */
export function estimateMemory(network: Network, { batchSize, optimizer }: MemorySpec): TrainingMemory {
  return estimateTrainingMemory(network, { batchSize, optimizerSlots: slotsOf(optimizer) })
}

type MemorySpec = Pick<TrainingSpec, 'batchSize' | 'optimizer'>

/** More than the machines have that train here. */
const LARGEST_MEMORY_BYTES = 256 * 1024 ** 3

/**
 * Whether training would not fit into the memory that an engine can use, in so far as that is known: WebAssembly's
 * is.
 */
export function findMemoryProblem(
  network: Network,
  spec: MemorySpec,
  engine: string,
): SpecProblem | undefined {
  const { batchSize } = spec
  const memory = estimateMemory(network, spec)
  const { totalBytes, weightBytes } = memory
  const isWasm = engine === 'wasm'
  const limit = isWasm ? weightBytes + MOST_WASM_PARTS * wasmActivationBytes(memory) : LARGEST_MEMORY_BYTES
  if (totalBytes <= limit) return undefined
  const perImage = (totalBytes - weightBytes) / batchSize
  const fitting = Math.floor((limit - weightBytes) / perImage)
  const holder = isWasm ? 'the wasm engine can hold' : 'is sensible'
  return {
    field: 'batchSize',
    message:
      `A step of training with batches of ${batchSize} takes about ${formatBytes(totalBytes)}, more than the ` +
      `${formatBytes(limit)} that ${holder}: use ` +
      (fitting >= 1 ? `a batch size of at most ${fitting}, a smaller network` : 'a smaller network') +
      (isWasm ? ', or another engine.' : '.'),
  }
}

/** Numbers that an optimizer keeps for each weight. */
function slotsOf(optimizer: OptimizerSpec): number {
  switch (optimizer.name) {
    case 'sgd':
      return optimizer.momentum > 0 ? 1 : 0
    case 'rmsprop':
      return optimizer.momentum > 0 ? 2 : 1
    default:
      return 2
  }
}
