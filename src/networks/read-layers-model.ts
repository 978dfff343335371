import { z } from 'zod'
import { buildKerasNetwork } from './keras/build-keras-network.js'
import { KerasError, MAXIMUM_LAYERS } from './keras/keras-model.js'
import { readKerasJson } from './keras/read-keras-json.js'
import { layersModelWeights } from './layers-model.js'
import type { Network } from './network.js'
import { NetworkError } from './network-builder.js'
import { findHead } from './transfer.js'

/** Says what of a `model.json` is not understood, for whoever has it. */
export class LayersModelError extends Error {
  override name = 'LayersModelError'
}

const BYTES_OF_FLOAT32 = 4
/** A new head may be for fewer: ImageNet has 1,000. */
const classes = { min: 2, max: 10_000 }

const listedWeight = z.object({
  name: z.string().min(1).max(300),
  shape: z.array(z.int().positive()).max(6),
  dtype: z.string().max(30),
  quantization: z.unknown().optional(),
})
type ListedWeight = z.output<typeof listedWeight>

const className = z.string().trim().min(1).max(100)

const layersModelFile = z.object({
  format: z.literal('layers-model', { error: 'must be layers-model' }).nullish(),
  modelTopology: z.record(z.string(), z.unknown()),
  weightsManifest: z
    .array(
      z.object({
        paths: z.array(z.string().min(1).max(1_000)).min(1).max(1_000),
        weights: z.array(listedWeight).max(10_000),
      }),
    )
    .min(1)
    .max(1_000),
  userDefinedMetadata: z.object({ classNames: z.array(className).nullish() }).nullish(),
})

/** A group of weights: one behind another in files that are one behind another. */
export interface WeightGroup {
  /** Relative to the `model.json`. */
  readonly paths: readonly string[]
  readonly bytes: number
}

export interface LayersModelFile {
  readonly network: Network
  /** Those that the file tells, or else numbers. */
  readonly classNames: readonly string[]
  readonly groups: readonly WeightGroup[]
  /** Of each weight of the network, in its order, where its bytes lie when the groups are put together. */
  readonly places: readonly WeightPlace[]
}

export interface WeightPlace {
  readonly name: string
  readonly offset: number
  readonly bytes: number
}

/**
 * Reads the `model.json` of a TensorFlow.js LayersModel, as tfjs or its converter for Keras has written it: a
 * classifier of images with the layers that networks have here, all its weights float32.
 * @throws LayersModelError
 */
export function readLayersModel(text: string): LayersModelFile {
  const { modelTopology, weightsManifest, userDefinedMetadata } = parse(text)
  const network = readTopology(modelTopology)
  checkClassifier(network)
  const groups = weightsManifest.map(({ paths, weights }) => ({
    paths,
    bytes: weights.reduce((sum, weight) => sum + bytesOf(weight), 0),
  }))
  return {
    network,
    classNames: nameClasses(network, userDefinedMetadata?.classNames ?? undefined),
    groups,
    places: placeWeights(
      network,
      weightsManifest.flatMap(({ weights }) => weights),
    ),
  }
}

function parse(text: string) {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new LayersModelError(`It is no JSON: ${error instanceof Error ? error.message : error}.`)
  }
  if (isObject(json) && json.format === 'graph-model') {
    throw new LayersModelError('It is a GraphModel, whose layers are lost: convert it as a LayersModel.')
  }
  const parsed = layersModelFile.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new LayersModelError(
    `It is not the model.json of a LayersModel: ${issue?.path.join('.') || 'the whole'}: ${issue?.message}.`,
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/**
 * The network of a `modelTopology`. The converter puts the model itself one level deeper than tfjs does.
 * @throws LayersModelError
 */
export function readTopology(modelTopology: Record<string, unknown>): Network {
  try {
    const model = readKerasJson(JSON.stringify(modelTopology.model_config ?? modelTopology))
    const [height, width, channels, ...rest] = model.inputShape ?? []
    if (!height || !width || !channels || rest.length > 0) {
      throw new LayersModelError(
        'It takes no images: its input must have a height, a width and channels, each of a size that is told.',
      )
    }
    return buildKerasNetwork(model, [height, width, channels])
  } catch (error) {
    if (error instanceof KerasError) throw new LayersModelError(error.message)
    throw error
  }
}

function checkClassifier(network: Network): void {
  const { outputShape, layers } = network
  const [outputs = 0, ...rest] = outputShape
  if (rest.length > 0 || outputs < classes.min || outputs > classes.max) {
    throw new LayersModelError(
      `It tells no classes apart: its output is ${outputShape.join('x')}, and must be one number for each of ` +
        `${classes.min} to ${classes.max} classes.`,
    )
  }
  if (layers.length > MAXIMUM_LAYERS) {
    throw new LayersModelError(`It has ${layers.length} layers; ${MAXIMUM_LAYERS} are taken.`)
  }
  try {
    findHead(network)
  } catch (error) {
    if (error instanceof NetworkError) throw new LayersModelError(`${error.message}.`)
    throw error
  }
}

function nameClasses(network: Network, given: readonly string[] | undefined): readonly string[] {
  const count = network.outputShape[0] ?? 0
  if (given === undefined) return Array.from({ length: count }, (_, label) => `${label}`)
  if (given.length !== count) {
    throw new LayersModelError(`Its metadata name ${given.length} classes, and it tells ${count} apart.`)
  }
  const twice = given.find((name, label) => given.indexOf(name) !== label)
  if (twice !== undefined) throw new LayersModelError(`Its metadata name the class '${twice}' twice.`)
  return given
}

/** @throws LayersModelError unless each weight of the network is listed once, and no other */
function placeWeights(network: Network, listed: readonly ListedWeight[]): WeightPlace[] {
  const places = new Map<string, WeightPlace & { shape: readonly number[] }>()
  let offset = 0
  for (const weight of listed) {
    const { name, shape } = weight
    if (places.has(name)) throw new LayersModelError(`The weight '${name}' is listed twice.`)
    const bytes = bytesOf(weight)
    places.set(name, { name, shape, offset, bytes })
    offset += bytes
  }
  const wanted = layersModelWeights(network)
  const placed = wanted.map(({ name, shape }) => {
    const place = places.get(name)
    if (!place) throw new LayersModelError(`The weight '${name}' is missing.`)
    if (`${place.shape}` !== `${shape}`) {
      throw new LayersModelError(
        `The weight '${name}' is of shape [${place.shape.join(', ')}], and its layer's is [${shape.join(', ')}].`,
      )
    }
    places.delete(name)
    return { name, offset: place.offset, bytes: place.bytes }
  })
  const [stray] = places.keys()
  if (stray !== undefined) {
    throw new LayersModelError(
      `The weight '${stray}' belongs to none of its layers: save the model without its optimizer.`,
    )
  }
  return placed
}

/** @throws LayersModelError where its numbers are no float32 */
function bytesOf({ name, shape, dtype, quantization }: ListedWeight): number {
  if (quantization !== undefined && quantization !== null) {
    throw new LayersModelError(
      `The weight '${name}' is quantized, and what it lost can't be had again: send the model without quantization.`,
    )
  }
  if (dtype !== 'float32') throw new LayersModelError(`The weight '${name}' is ${dtype}: it must be float32.`)
  return shape.reduce((product, size) => product * size, BYTES_OF_FLOAT32)
}
