import type { KerasLayer, Place } from './keras-model.js'
import type { ModelDraft } from './model-draft.js'

/** What an expression of Python comes to, as far as it matters for a model. */
export type Value =
  | { kind: 'constant'; value: number | string | boolean | null }
  | { kind: 'sequence'; items: readonly Value[] }
  /** Something imported or built in, by its full name: `keras.layers.Dense`. */
  | { kind: 'reference'; path: string }
  /** An initialiser, optimizer or loss with its options. */
  | { kind: 'configured'; className: string; options: Readonly<Record<string, unknown>> }
  | { kind: 'layer'; layer: KerasLayer; inputShape: InputShape | undefined }
  /** `Input(…)`, and every tensor that layers make of it. */
  | { kind: 'tensor'; index: number }
  | { kind: 'model'; draft: ModelDraft }
  | { kind: 'method'; target: Value; name: string; place: Place }
  /** Not understood, which only matters where a model depends on it. */
  | { kind: 'unknown'; reason: string; place: Place; ofModel: boolean }

export type InputShape = readonly (number | null)[]

/** Whether it is a model, a part of one, or holds one: what is done to it must be understood. */
export function isOfModel(value: Value): boolean {
  switch (value.kind) {
    case 'layer':
    case 'tensor':
    case 'model':
      return true
    case 'sequence':
      return value.items.some(isOfModel)
    case 'method':
      return isOfModel(value.target)
    case 'unknown':
      return value.ofModel
    default:
      return false
  }
}
