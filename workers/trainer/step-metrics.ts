import type { Tensor } from '@tensorflow/tfjs-core'
import type { TensorFlow } from '../engines/engine.js'
import { diverged } from './failure.js'

const SAMPLE_MS = 250
/** Enough steps to wait for that reading them costs nothing; bounds what a fast engine piles up. */
const MOST_PENDING = 256

interface PendingStep {
  step: number
  images: number
  loss: Tensor
  correct: Tensor
}

export interface MetricsSample {
  loss: number
  accuracy: number
  imagesPerSecond: number
}

class Totals {
  loss = 0
  correct = 0
  images = 0
  milliseconds = 0

  sample(): MetricsSample {
    return {
      loss: this.loss / this.images,
      accuracy: this.correct / this.images,
      imagesPerSecond: (this.images / Math.max(this.milliseconds, 0.001)) * 1000,
    }
  }
}

/**
 * Collects what the steps of an epoch report. Losses stay on the engine until a sample is due, since every
 * reading makes it wait; means are over images, so that a smaller last batch weighs less.
 */
export class StepMetrics {
  readonly #tf: TensorFlow
  readonly #epoch = new Totals()
  #pending: PendingStep[] = []
  #lastReading = performance.now()

  constructor(tf: TensorFlow) {
    this.#tf = tf
  }

  get seconds(): number {
    return this.#epoch.milliseconds / 1000
  }

  add(step: PendingStep): void {
    this.#pending.push(step)
  }

  isSampleDue(): boolean {
    return performance.now() - this.#lastReading >= SAMPLE_MS || this.#pending.length >= MOST_PENDING
  }

  /**
   * The steps since the last sample.
   * @throws Failure naming the first step whose loss is not a finite number
   */
  async readSample(): Promise<MetricsSample> {
    const pending = this.#pending
    const totals = new Totals()
    const losses = await this.#read(pending.map(({ loss }) => loss))
    const corrects = await this.#read(pending.map(({ correct }) => correct))
    this.#pending = []
    for (const [index, { step, images }] of pending.entries()) {
      const loss = losses[index] ?? Number.NaN
      if (!Number.isFinite(loss)) throw diverged(`at step ${step}`)
      totals.loss += loss * images
      totals.correct += corrects[index] ?? 0
      totals.images += images
    }
    const now = performance.now()
    totals.milliseconds = now - this.#lastReading
    this.#lastReading = now
    this.#epoch.loss += totals.loss
    this.#epoch.correct += totals.correct
    this.#epoch.images += totals.images
    this.#epoch.milliseconds += totals.milliseconds
    return totals.sample()
  }

  /** The whole epoch: to be asked for after the last sample is read. */
  async readEpoch(): Promise<MetricsSample> {
    if (this.#pending.length > 0) await this.readSample()
    return this.#epoch.sample()
  }

  dispose(): void {
    this.#tf.dispose(this.#pending.flatMap(({ loss, correct }) => [loss, correct]))
    this.#pending = []
  }

  async #read(scalars: Tensor[]): Promise<ArrayLike<number>> {
    const stacked = this.#tf.stack(scalars)
    const values = await stacked.data()
    this.#tf.dispose([stacked, ...scalars])
    return values
  }
}
