import { z } from 'zod'
import { KerasError } from '../../networks/keras/keras-model.js'
import type { KerasTraining } from '../../networks/keras/keras-training.js'
import { readKerasPython } from '../../networks/keras/read-keras-python.js'
import { layerList } from '../../networks/layer-list.js'
import { layersModelTopology } from '../../networks/layers-model.js'
import type { Network } from '../../networks/network.js'

/** Lower-case words with hyphens. */
export const identifier = z
  .string()
  .max(64)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be kebab-case: lower-case letters and digits with single hyphens')

const LONGEST_PROGRAM = 30_000
/** In characters. */
export const LONGEST_KERAS_JSON = 512_000

/** The ways to say which network is trained: fields of the training spec, of which one is given. */
const networkSources = {
  /** One that the university teaches. */
  architecture: identifier.optional(),
  layers: layerList.optional(),
  /** What `model.to_json()` of Keras 2 or 3 gives. */
  kerasJson: z.string().min(1).max(LONGEST_KERAS_JSON).optional(),
  /** A program that makes a model with Keras: it is read, never run. */
  kerasPython: z.string().min(1).max(LONGEST_PROGRAM).optional(),
}
type NetworkSource = keyof typeof networkSources

export const networkFields = {
  ...networkSources,
  /** Makes every layer of an architecture that has it so many times as wide. */
  widthMultiplier: z.number().min(0.1).max(2).optional(),
}

const sourceNames: readonly NetworkSource[] = ['architecture', 'layers', 'kerasJson', 'kerasPython']

/** Adds an issue unless a spec names its network in one way. */
export function requireOneNetwork(
  spec: Partial<Record<NetworkSource, unknown>>,
  context: z.core.$RefinementCtx,
): void {
  const [first, second] = sourceNames.filter(name => spec[name] !== undefined)
  const refuse = (field: NetworkSource, message: string) =>
    context.addIssue({ code: 'custom', path: [field], message, input: spec[field] })
  if (first === undefined) {
    refuse('architecture', 'must be given, or layers, kerasJson or kerasPython in its place')
  } else if (second !== undefined) refuse(second, `cannot be given together with ${first}`)
}

export function namesNetwork(spec: Record<string, unknown>): boolean {
  return sourceNames.some(name => spec[name] !== undefined)
}

/** What of a spec says which network is trained. */
export function networkOf(spec: object): Record<string, unknown> {
  const isOfNetwork = (name: string) => Object.hasOwn(networkFields, name) || name === 'dropout'
  return Object.fromEntries(Object.entries(spec).filter(([name]) => isOfNetwork(name)))
}

/** A network as a spec names one that is known by its layers alone. */
export function kerasJsonOf(network: Network): string {
  return JSON.stringify(layersModelTopology(network))
}

/** A spec with what another says differently: another network takes the place of the whole one. */
export function overrideSpec(base: object, changes: Record<string, unknown>): Record<string, unknown> {
  const replaced = namesNetwork(changes)
  const kept = Object.entries(base).filter(([name]) => !(replaced && Object.hasOwn(networkFields, name)))
  return { ...Object.fromEntries(kept), ...changes }
}

/**
 * A spec with what its Keras program says of training, where the spec itself does not: optimizer, learning rate,
 * epochs, batch size, validation split, seed. A program that is not understood says nothing here; `resolveNetwork`
 * tells why.
 */
export function withTrainingOfProgram(spec: unknown): unknown {
  if (typeof spec !== 'object' || spec === null || !('kerasPython' in spec)) return spec
  const { kerasPython } = spec
  if (typeof kerasPython !== 'string' || kerasPython.length > LONGEST_PROGRAM) return spec
  try {
    return { ...fieldsOf(readKerasPython(kerasPython).training), ...spec }
  } catch (error) {
    if (error instanceof KerasError) return spec
    throw error
  }
}

function fieldsOf({ optimizer, ...numbers }: KerasTraining): Record<string, unknown> {
  return optimizer ? { ...numbers, ...optimizerFields(optimizer) } : { ...numbers }
}

/** Keras' names of options that are ours too. */
const optionNames: Record<string, string> = {
  momentum: 'momentum',
  nesterov: 'nesterov',
  rho: 'rho',
  beta_1: 'beta1',
  beta_2: 'beta2',
  epsilon: 'epsilon',
  weight_decay: 'weightDecay',
}
const optionsOfOptimizer: Record<string, readonly string[]> = {
  sgd: ['momentum', 'nesterov', 'weight_decay'],
  rmsprop: ['rho', 'momentum', 'epsilon', 'weight_decay'],
  adam: ['beta_1', 'beta_2', 'epsilon'],
  adamw: ['beta_1', 'beta_2', 'epsilon', 'weight_decay'],
}

/** An optimizer that a run has too, with its learning rate; Keras' default where the program gives none. */
function optimizerFields({ name, options }: NonNullable<KerasTraining['optimizer']>) {
  // Keras decouples the decay of every optimizer; of Adam this has a name of its own.
  const ours = name === 'adam' && typeof options.weight_decay === 'number' ? 'adamw' : name
  const known = Object.hasOwn(optionsOfOptimizer, ours) ? optionsOfOptimizer[ours] : undefined
  if (!known) return {}
  const given = known.filter(option => options[option] !== undefined && options[option] !== null)
  return {
    optimizer: {
      name: ours,
      ...Object.fromEntries(given.map(option => [optionNames[option], options[option]])),
    },
    learningRate: options.learning_rate ?? (ours === 'sgd' ? 0.01 : 0.001),
  }
}
