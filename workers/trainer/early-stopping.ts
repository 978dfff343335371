import type { Tensor } from '@tensorflow/tfjs-core'
import type { EarlyStoppingSpec } from '../../src/training/contract.js'
import type { TensorFlow } from '../engines/engine.js'

/** The weights that did best on the validation images. */
export interface BestWeights {
  epoch: number
  /** Of what is monitored. */
  value: number
  weights: Tensor[]
}

/** What of an epoch's validation may be monitored. */
interface Validation {
  loss: number
  accuracy: number
}

/** Keeps the best weights, and tells when a run no longer gets better: see `earlyStopping` in the spec. */
export class EarlyStopping {
  readonly #tf: TensorFlow
  readonly #spec: EarlyStoppingSpec
  #best: BestWeights | undefined
  /** Epochs since the best. */
  #waited = 0

  constructor(tf: TensorFlow, spec: EarlyStoppingSpec) {
    this.#tf = tf
    this.#spec = spec
  }

  get best(): Readonly<BestWeights> | undefined {
    return this.#best
  }

  get waited(): number {
    return this.#waited
  }

  get isDue(): boolean {
    return this.#waited >= this.#spec.patience
  }

  /** Whether the weights are the best yet; if so they are kept. Those given stay the caller's. */
  judge(epoch: number, validation: Validation, weights: readonly Tensor[]): boolean {
    const { monitor, minDelta } = this.#spec
    const value = monitor === 'validationLoss' ? validation.loss : validation.accuracy
    const isBest = this.#best === undefined || this.#gain(value, this.#best.value) > minDelta
    if (!isBest) {
      this.#waited++
      return false
    }
    // A clone shares its numbers with the original: nothing is copied.
    this.restore({ epoch, value, weights: weights.map(weight => this.#tf.clone(weight)) }, 0)
    return true
  }

  /** Takes the weights over. */
  restore(best: BestWeights | undefined, waited: number): void {
    this.dispose()
    this.#best = best
    this.#waited = waited
  }

  dispose(): void {
    if (this.#best) this.#tf.dispose(this.#best.weights)
    this.#best = undefined
  }

  #gain(value: number, before: number): number {
    return this.#spec.monitor === 'validationLoss' ? before - value : value - before
  }
}
