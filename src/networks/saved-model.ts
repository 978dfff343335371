import { z } from 'zod'
import type { WeightSpec } from './layers-model.js'
import type { Network } from './network.js'
import { readTopology } from './read-layers-model.js'

const topology = z.object({ modelTopology: z.record(z.string(), z.unknown()) })
const document = z.object({
  weightsManifest: z
    .array(
      z.object({
        weights: z.array(
          z.object({ name: z.string(), shape: z.array(z.int().positive()), dtype: z.literal('float32') }),
        ),
      }),
    )
    .length(1),
  userDefinedMetadata: z.object({ classNames: z.array(z.string()) }),
})

/** What the `model.json` of a trained network says of it. */
export interface SavedModel {
  /** In the order in which `weights.bin` holds them. */
  weights: readonly WeightSpec[]
  /** What its outputs stand for. */
  classNames: readonly string[]
}

/** @throws Error where the text is no model.json that a run has left */
export function readSavedModel(text: string): SavedModel {
  const { weightsManifest, userDefinedMetadata } = document.parse(JSON.parse(text))
  return {
    weights: weightsManifest.flatMap(({ weights }) => weights),
    classNames: userDefinedMetadata.classNames,
  }
}

/**
 * The network of a `model.json`, as it was trained but for how its weights began.
 * @throws Error where the text is no model.json that a run has left
 */
export function readSavedNetwork(text: string): Network {
  return readTopology(topology.parse(JSON.parse(text)).modelTopology)
}
