import {
  type DatasetDescription,
  type EngineChoice,
  findDataset,
  keepClasses,
  resolveNetwork,
  type TrainingSpec,
} from '../src/training/contract.js'
import { nameCards } from './cards.js'
import { type EngineSettings, engineEnvironment } from './engines/engine-environment.js'
import type { EngineReport } from './probe/choose-for-worker.js'
import { needsWorkaround } from './probe/probe-engine.js'

/** What one run computes on. */
export interface EngineAssignment {
  engine: EngineChoice
  /** Of its process. */
  environment: NodeJS.ProcessEnv
  /** Gives its card back. */
  release(): void
}

/** Gives each run of a worker its engine, the environment of its process and, where there are GPUs, its card. */
export class RunEngines {
  readonly #report: EngineReport
  readonly #settings: EngineSettings
  /** How many runs each card has. */
  readonly #cards: Map<string, number>

  constructor(report: EngineReport, settings: EngineSettings, cards: readonly string[] = nameCards()) {
    this.#report = report
    this.#settings = settings
    this.#cards = new Map(cards.map(card => [card, 0]))
  }

  /**
   * A spec's 'auto' is what the worker chose. One that the worker refused is given as it was asked for: the run
   * then fails with the reason.
   * @param dataset that it is trained on, where that does not come with Lyceum
   */
  assign(
    spec: TrainingSpec,
    dataset: DatasetDescription | undefined = findDataset(spec.dataset),
  ): EngineAssignment {
    const { asked, chosen } = this.#report
    const engine = spec.engine === 'auto' ? (chosen?.engine ?? asked) : spec.engine
    const card = engine === 'wasm' ? undefined : this.#takeCard()
    const resolved = dataset && resolveNetwork(spec, keepClasses(dataset, spec.classes))
    const network = resolved && 'network' in resolved ? resolved.network : undefined
    const workaround = chosen && network && needsWorkaround(network) ? chosen.workaround : {}
    return {
      engine,
      environment: { ...engineEnvironment(this.#settings, process.env, card), ...workaround },
      release: () => {
        if (card !== undefined) this.#cards.set(card, (this.#cards.get(card) ?? 1) - 1)
      },
    }
  }

  /** The one with the fewest runs: one each, as long as there are as many cards as runs at once. */
  #takeCard(): string | undefined {
    const [first] = [...this.#cards].sort(([, a], [, b]) => a - b)
    if (!first) return undefined
    const [card, runs] = first
    this.#cards.set(card, runs + 1)
    return card
  }
}
