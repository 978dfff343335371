import type { Tensor } from '@tensorflow/tfjs-core'
import type { TensorFlow } from '../engines/engine.js'
import { diverged } from './failure.js'

const READING_MS = 250
const SHORTEST_SAMPLE_MS = 250
const LONGEST_SAMPLE_MS = 10_000
/** Of a run so far; no fewer are told as long as they are not farther apart than the longest. */
const SAMPLES_TOLD = 2_000

/**
 * The milliseconds between two samples of a run that has trained so long: four a second at first, then a 2,000th of its
 * time, every 10 s in the end. A day of training is some 16,000 samples, where four a second would be 345,600.
 */
export function sampleInterval(seconds: number): number {
  return Math.min(Math.max((seconds * 1000) / SAMPLES_TOLD, SHORTEST_SAMPLE_MS), LONGEST_SAMPLE_MS)
}

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

/** Sums over images, of which samples are the means. */
export interface MetricsTotals {
  loss: number
  correct: number
  images: number
  milliseconds: number
}

/**
 * Collects what the steps of an epoch report. Losses stay on the engine until a sample is due, since every
 * reading makes it wait; means are over images, so that a smaller last batch weighs less.
 */
export class StepMetrics {
  readonly #tf: TensorFlow
  readonly #epoch: MetricsTotals
  #sample = noTotals()
  #pending: PendingStep[] = []
  #lastSample = performance.now()
  #lastReading = performance.now()

  /** @param epoch the totals of an epoch that is gone on with */
  constructor(tf: TensorFlow, epoch: MetricsTotals = noTotals()) {
    this.#tf = tf
    this.#epoch = { ...epoch }
  }

  get seconds(): number {
    return this.#epoch.milliseconds / 1000
  }

  /** To be called when steps begin, so that the time before is not theirs. */
  startClock(): void {
    this.#lastReading = performance.now()
    this.#lastSample = this.#lastReading
  }

  add(step: PendingStep): void {
    this.#pending.push(step)
  }

  /** @param seconds that the run has trained */
  isSampleDue(seconds: number): boolean {
    return performance.now() - this.#lastSample >= sampleInterval(seconds)
  }

  /** Whether the steps' losses have waited long enough on the engine: one that is no number ends the run. */
  isReadingDue(): boolean {
    return performance.now() - this.#lastReading >= READING_MS || this.#pending.length >= MOST_PENDING
  }

  /**
   * The steps since the last sample.
   * @throws Failure naming the first step whose loss is not a finite number
   */
  async readSample(): Promise<MetricsSample> {
    await this.#readPending()
    const sample = meansOf(this.#sample)
    this.#sample = noTotals()
    this.#lastSample = this.#lastReading
    return sample
  }

  /** The whole epoch: to be asked for after its last step. */
  async readEpoch(): Promise<MetricsSample> {
    return meansOf(await this.readTotals())
  }

  /** The epoch's sums up to now. What the next sample holds is not changed by it. */
  async readTotals(): Promise<MetricsTotals> {
    await this.#readPending()
    return { ...this.#epoch }
  }

  dispose(): void {
    this.#tf.dispose(this.#pending.flatMap(({ loss, correct }) => [loss, correct]))
    this.#pending = []
  }

  async #readPending(): Promise<void> {
    const pending = this.#pending
    if (pending.length === 0) return
    const losses = await this.#read(pending.map(({ loss }) => loss))
    const corrects = await this.#read(pending.map(({ correct }) => correct))
    this.#pending = []
    const now = performance.now()
    const milliseconds = now - this.#lastReading
    this.#lastReading = now
    for (const sums of [this.#sample, this.#epoch]) {
      sums.milliseconds += milliseconds
      // Step by step: the last bits of the epoch's sums must not hang on when they were read.
      for (const [index, { step, images }] of pending.entries()) {
        const loss = losses[index] ?? Number.NaN
        if (!Number.isFinite(loss)) throw diverged(`at step ${step}`)
        sums.loss += loss * images
        sums.correct += corrects[index] ?? 0
        sums.images += images
      }
    }
  }

  async #read(scalars: Tensor[]): Promise<ArrayLike<number>> {
    const stacked = this.#tf.stack(scalars)
    const values = await stacked.data()
    this.#tf.dispose([stacked, ...scalars])
    return values
  }
}

function noTotals(): MetricsTotals {
  return { loss: 0, correct: 0, images: 0, milliseconds: 0 }
}

function meansOf({ loss, correct, images, milliseconds }: MetricsTotals): MetricsSample {
  return {
    loss: loss / images,
    accuracy: correct / images,
    imagesPerSecond: (images / Math.max(milliseconds, 0.001)) * 1000,
  }
}
