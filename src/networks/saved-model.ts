import { z } from 'zod'
import type { WeightSpec } from './layers-model.js'

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
