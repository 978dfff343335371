import type { Counter, Histogram } from 'prom-client'
import type { TrainerEvent } from '../src/training/contract.js'

/** What the runs of a worker count into. */
interface Counters {
  readonly images: Counter<'engine'>
  readonly steps: Counter<'engine'>
  readonly checkpoints: Counter<'outcome'>
  readonly attempts: Counter<'outcome'>
  readonly failures: Counter<'code'>
  readonly storing: Histogram
}

type Started = Extract<TrainerEvent, { type: 'started' }>

/** Counts what an attempt does. */
export class RunMeter {
  readonly #counters: Counters
  readonly #close: () => void
  readonly #heardAt = new WeakMap<TrainerEvent, number>()
  #plan: (Started & { batchSize: number }) | undefined
  #step = 0
  imagesPerSecond = 0

  constructor(counters: Counters, close: () => void) {
    this.#counters = counters
    this.#close = close
  }

  /** Undefined until it has begun to train. */
  get engine(): string | undefined {
    return this.#plan?.engine
  }

  hear(event: TrainerEvent, { batchSize }: { batchSize: number }): void {
    this.#heardAt.set(event, performance.now())
    if (event.type === 'started') {
      this.#plan = { ...event, batchSize }
      this.#step = event.resumedFrom?.step ?? 0
    }
    if (event.type === 'step' || event.type === 'epoch') this.#count(event)
  }

  stored(events: readonly TrainerEvent[]): void {
    for (const event of events) {
      const heardAt = this.#heardAt.get(event)
      if (heardAt !== undefined) this.#counters.storing.observe((performance.now() - heardAt) / 1000)
    }
  }

  checkpoint(outcome: 'stored' | 'failed'): void {
    this.#counters.checkpoints.inc({ outcome })
  }

  fail(code: string): void {
    this.#counters.failures.inc({ code })
  }

  end(outcome: string): void {
    this.#counters.attempts.inc({ outcome })
    this.#close()
  }

  #count({ step, imagesPerSecond }: { step: number; imagesPerSecond: number }) {
    this.imagesPerSecond = imagesPerSecond
    if (this.#plan === undefined || step <= this.#step) return
    const { engine } = this.#plan
    this.#counters.steps.inc({ engine }, step - this.#step)
    this.#counters.images.inc({ engine }, imagesUpTo(this.#plan, step) - imagesUpTo(this.#plan, this.#step))
    this.#step = step
  }
}

/** Only the last batch of an epoch may be smaller than the others. */
function imagesUpTo(
  { stepsPerEpoch, trainingImages, batchSize }: Started & { batchSize: number },
  step: number,
): number {
  const epochs = Math.floor(step / stepsPerEpoch)
  return epochs * trainingImages + Math.min((step % stepsPerEpoch) * batchSize, trainingImages)
}
