import { join } from 'node:path'
import type { CheckpointReport } from '../../src/training/contract.js'
import { writeCheckpoint } from './checkpoint-file.js'
import { takeSnapshot } from './snapshot.js'
import type { TrainingState } from './training-state.js'

/** Thrown out of the loop when a run that was asked to pause has its checkpoint. */
export class PausedError extends Error {
  override name = 'PausedError'
}

interface Options {
  directory: string
  /** The most seconds of training between two checkpoints; undefined for none but at a pause. */
  everySeconds: number | undefined
  /** Tells the supervisor of a file, which takes it away and answers by `taken`. */
  report(checkpoint: Omit<CheckpointReport, 'kind'>): void
  /** Tells of one that could not be written: the run trains on without it. */
  reportFailure(step: number, reason: string): void
}

/** Writes checkpoints of a run between its steps: after each epoch, and every so many seconds inside of one. */
export class Checkpoints {
  readonly #options: Options
  #pausing = false
  #validationLoss: number | null = null
  #last: { step: number; epoch: number }
  #lastTime = performance.now()
  /** Of the last one, which the supervisor has not taken yet. */
  #taking: { readonly done: Promise<void>; end(): void } | undefined

  /** @param begin where the run goes on from */
  constructor(options: Options, begin: { step: number; epoch: number }) {
    this.#options = options
    this.#last = { step: begin.step, epoch: begin.epoch }
  }

  /** Makes the next chance write one, and then throw `PausedError`. */
  pause(): void {
    this.#pausing = true
  }

  /** The supervisor has the last file. */
  taken(): void {
    this.#taking?.end()
    this.#taking = undefined
  }

  /** Told of an epoch before the checkpoint that follows it. */
  noteEpoch(validationLoss: number | null): void {
    this.#validationLoss = validationLoss
  }

  /** To be called between any two steps, and after each epoch. @throws PausedError; Failure of a step before */
  async betweenSteps(state: TrainingState): Promise<void> {
    if (this.#isDue(state)) {
      // One at a time: a slow storage must not fill the disk.
      await this.#taking?.done
      await this.#write(state)
    }
    if (!this.#pausing) return
    await this.#taking?.done
    throw new PausedError('The run was paused.')
  }

  #isDue({ step, epoch }: TrainingState): boolean {
    if (step === this.#last.step && epoch === this.#last.epoch) return false
    const { everySeconds } = this.#options
    if (this.#pausing) return true
    if (everySeconds === undefined) return false
    if (epoch > this.#last.epoch) return true
    // Inside an epoch the loop does not wait for the last one to be taken.
    return performance.now() - this.#lastTime >= 1000 * everySeconds && this.#taking === undefined
  }

  async #write(state: TrainingState): Promise<void> {
    const { step, epoch } = state
    const snapshot = await takeSnapshot(state)
    const file = `${epoch}-${step}.safetensors`
    const validationLoss = state.position === 0 ? this.#validationLoss : null
    try {
      const written = await writeCheckpoint(snapshot, join(this.#options.directory, file))
      this.#taking = openEnd()
      this.#options.report({ file, step, epoch, ...written, validationLoss })
    } catch (error) {
      this.#options.reportFailure(step, error instanceof Error ? error.message : `${error}`)
    }
    this.#last = { step, epoch }
    this.#lastTime = performance.now()
  }
}

function openEnd() {
  let end = () => {}
  const done = new Promise<void>(resolve => {
    end = resolve
  })
  return { done, end: () => end() }
}
