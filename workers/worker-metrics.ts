import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { type CardUse, readCardUse } from './card-use.js'
import { RunMeter } from './run-meter.js'

/** What a worker tells Prometheus. */
export class WorkerMetrics {
  readonly registry = new Registry()
  readonly #registers = [this.registry]
  readonly #meters = new Set<RunMeter>()

  readonly images = new Counter({
    name: 'lyceum_worker_images_total',
    help: 'Images that were trained on.',
    ...{ labelNames: ['engine'], registers: this.#registers },
  })
  readonly steps = new Counter({
    name: 'lyceum_worker_steps_total',
    help: 'Steps of training.',
    ...{ labelNames: ['engine'], registers: this.#registers },
  })
  readonly checkpoints = new Counter({
    name: 'lyceum_worker_checkpoints_total',
    help: 'Checkpoints that were written, and whether they came into the storage.',
    ...{ labelNames: ['outcome'], registers: this.#registers },
  })
  readonly attempts = new Counter({
    name: 'lyceum_worker_attempts_total',
    help: 'Attempts of runs that were over on this worker, by why.',
    ...{ labelNames: ['outcome'], registers: this.#registers },
  })
  readonly failures = new Counter({
    name: 'lyceum_worker_failures_total',
    help: 'Attempts that failed, by the code of the failure.',
    ...{ labelNames: ['code'], registers: this.#registers },
  })
  readonly storing = new Histogram({
    name: 'lyceum_worker_event_storing_seconds',
    help: "Time from a run's report of an event to when it is stored.",
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: this.#registers,
  })

  /** @param measureProcess whether to measure the process too, which costs where nobody asks for it */
  constructor({ measureProcess = false, readCards = readCardUse } = {}) {
    if (measureProcess) collectDefaultMetrics({ register: this.registry })
    const meters = this.#meters
    new Gauge({
      name: 'lyceum_worker_runs',
      help: 'Runs at work.',
      registers: this.#registers,
      collect() {
        this.set(meters.size)
      },
    })
    new Gauge({
      name: 'lyceum_worker_images_per_second',
      help: 'What the runs at work last said of their speed, together.',
      ...{ labelNames: ['engine'], registers: this.#registers },
      collect() {
        this.reset()
        for (const { engine, imagesPerSecond } of meters)
          if (engine !== undefined) this.inc({ engine }, imagesPerSecond)
      },
    })
    this.#measureCards(
      readCards,
      'lyceum_worker_gpu_busy_ratio',
      'Use of a GPU, by any program.',
      c => c.busy,
    )
    this.#measureCards(
      ...([readCards, 'lyceum_worker_gpu_memory_used_bytes', 'Memory of a GPU that is in use.'] as const),
      card => card.memoryUsedBytes,
    )
  }

  /** Of an attempt that was claimed. Its `end` has to be called. */
  openRun(): RunMeter {
    const meter: RunMeter = new RunMeter(this, () => this.#meters.delete(meter))
    this.#meters.add(meter)
    return meter
  }

  #measureCards(
    readCards: () => Promise<CardUse[]>,
    name: string,
    help: string,
    read: (card: CardUse) => number | undefined,
  ) {
    new Gauge({
      ...{ name, help, labelNames: ['card'], registers: this.#registers },
      async collect() {
        this.reset()
        for (const card of await readCards()) {
          const value = read(card)
          if (value !== undefined) this.set({ card: card.index }, value)
        }
      },
    })
  }
}
