import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Storage } from '../src/platform/storage/storage.js'
import type { ChildReport, FailureReport, ModelAnswer, ModelQuestion } from '../src/training/contract.js'
import { fetchModel } from './fetch-model.js'
import { crash, misunderstood } from './supervisor/supervisor-failures.js'
import { startTrainer, type TrainerProcess } from './supervisor/trainer-process.js'

interface PoolSettings {
  storage: Storage
  trainerFile: string
  /** Where the children's copies of the models lie. */
  scratchDirectory: string
  /** How long a child stays without a question. */
  idleMs?: number
  /** How many children may live at once; the longest unused leaves for a new one. */
  capacity?: number
}

/** Answers questions to models from warm child processes, one a model. */
export class PredictionPool {
  /** By model key, the longest unused first. */
  readonly #children = new Map<string, Promise<PredictionChild>>()
  readonly #settings: Required<PoolSettings>

  constructor(settings: PoolSettings) {
    this.#settings = { idleMs: 60_000, capacity: 4, ...settings }
  }

  /** @throws Error where the model's files are not in the storage */
  async ask(modelKey: string, question: ModelQuestion): Promise<ModelAnswer> {
    const starting = this.#children.get(modelKey) ?? this.#start(modelKey)
    this.#children.delete(modelKey)
    this.#children.set(modelKey, starting)
    const [oldest] = this.#children
    if (this.#children.size > this.#settings.capacity && oldest) {
      this.#children.delete(oldest[0])
      oldest[1].then(child => child.retire()).catch(() => {})
    }
    const child = await starting
    if (!child.leaving) return child.ask(question)
    // It was told to leave a moment ago.
    await child.gone
    return this.ask(modelKey, question)
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#children.values()].map(async child => (await child).close()))
  }

  #start(modelKey: string): Promise<PredictionChild> {
    const starting = this.#open(modelKey)
    // Registered before anybody can await `gone`: whoever does finds the place free.
    const forget = () => {
      if (this.#children.get(modelKey) === starting) this.#children.delete(modelKey)
    }
    starting.then(child => child.gone.then(forget), forget)
    return starting
  }

  async #open(modelKey: string): Promise<PredictionChild> {
    const { storage, trainerFile, scratchDirectory, idleMs } = this.#settings
    const directory = await mkdtemp(join(scratchDirectory, 'model-'))
    try {
      await fetchModel(storage, modelKey, directory)
    } catch (error) {
      await rm(directory, { recursive: true, force: true })
      throw error
    }
    return new PredictionChild(trainerFile, directory, idleMs)
  }
}

/** One child with its copy of the model. It leaves when it was idle, and takes its copy along. */
class PredictionChild {
  readonly gone: Promise<void>
  leaving = false
  readonly #process: TrainerProcess
  readonly #questions = new Map<string, (answer: ModelAnswer) => void>()
  #ended: FailureReport | undefined
  #idle: NodeJS.Timeout | undefined
  #retiring = false

  constructor(
    trainerFile: string,
    private readonly directory: string,
    private readonly idleMs: number,
  ) {
    this.#process = startTrainer(trainerFile, report => this.#hear(report))
    this.gone = this.#process.gone.then(async end => {
      clearTimeout(this.#idle)
      this.#ended = crash(end)
      for (const id of [...this.#questions.keys()]) this.#answer(id, { failure: this.#ended })
      await rm(directory, { recursive: true, force: true })
    })
  }

  ask(question: ModelQuestion): Promise<ModelAnswer> {
    if (this.#ended) return Promise.resolve({ failure: this.#ended })
    clearTimeout(this.#idle)
    const id = randomUUID()
    return new Promise(resolve => {
      this.#questions.set(id, resolve)
      this.#process.send({ ...question, id, modelDirectory: this.directory })
    })
  }

  /** Leaves when its last question is answered. */
  retire(): void {
    this.#retiring = true
    this.#rest()
  }

  async close(): Promise<void> {
    this.#process.kill()
    await this.gone
  }

  #hear(report: ChildReport | undefined) {
    if (report?.kind === 'predictionFailed') {
      const { kind: _, id, ...failure } = report
      return this.#answer(id, { failure })
    }
    if (report?.kind === 'prediction') {
      return this.#answer(report.id, { predictions: report.predictions })
    }
    if (report?.kind === 'drawing') return this.#answer(report.id, { png: report.png })
    // Whose answer it was cannot be told: all who wait are told, and the next question starts a new child.
    for (const id of [...this.#questions.keys()]) this.#answer(id, { failure: misunderstood })
    this.#leave()
  }

  #leave() {
    this.leaving = true
    this.#process.kill()
  }

  #answer(id: string, answer: ModelAnswer) {
    this.#questions.get(id)?.(answer)
    this.#questions.delete(id)
    this.#rest()
  }

  #rest() {
    if (this.#questions.size > 0) return
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => this.#leave(), this.#retiring ? 0 : this.idleMs)
  }
}
