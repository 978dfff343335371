import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Dependencies } from '../../src/platform/dependencies.js'
import { type CheckpointReport, checkpointsOfRun } from '../../src/training/contract.js'
import {
  findCheckpoints,
  findExpendable,
  forgetCheckpoints,
  recordCheckpoint,
  type StoredCheckpoint,
} from '../../src/training/runs/checkpoint-ledger.js'
import type { AttemptKey } from '../../src/training/runs/run-ledger.js'

type Parts = Pick<Dependencies, 'database' | 'storage' | 'logger'>

/** Brings a run's checkpoints from its child's folder to the storage, and back. */
export class RunCheckpoints {
  readonly #parts: Parts
  readonly #key: AttemptKey
  readonly #directory: string

  /** @param directory the child's output directory */
  constructor(parts: Parts, key: AttemptKey, directory: string) {
    this.#parts = parts
    this.#key = key
    this.#directory = directory
  }

  /** The latest that is still whole, as a file in the directory; undefined where the run is to begin anew. */
  async fetchLatest(): Promise<string | undefined> {
    const { database, logger } = this.#parts
    const path = join(this.#directory, 'resumed.safetensors')
    for (const checkpoint of await findCheckpoints(database, this.#key.runId)) {
      try {
        if ((await this.#download(checkpoint, path)) === checkpoint.sha256) return path
        logger.warn({ ...this.#key, key: checkpoint.key }, 'A checkpoint is damaged; an older one is taken')
      } catch (err) {
        logger.warn({ err, ...this.#key, key: checkpoint.key }, 'A checkpoint could not be read')
      }
    }
    await rm(path, { force: true })
    return undefined
  }

  /**
   * Stores a file that the child has written, and removes the ones that are no longer needed.
   * @returns whether the attempt still holds its run
   */
  async store({ file, step, epoch, bytes, sha256, validationLoss }: CheckpointReport): Promise<boolean> {
    const { database, storage } = this.#parts
    // By the attempt too: one that was fenced off must not write over the file of the next.
    const key = `${checkpointsOfRun(this.#key.runId)}/${this.#key.attempt}-${file}`
    const path = join(this.#directory, file)
    await storage.write(key, createReadStream(path))
    await rm(path, { force: true })
    const checkpoint = { step, epoch, key, bytes, sha256, validationLoss }
    if (!(await recordCheckpoint(database, this.#key, checkpoint))) {
      await storage.deleteAll(key)
      return false
    }
    await this.#removeExpendable()
    return true
  }

  async #removeExpendable() {
    const { database, storage } = this.#parts
    const expendable = findExpendable(await findCheckpoints(database, this.#key.runId))
    // The rows first: a row whose file is gone would be a lie.
    await forgetCheckpoints(
      database,
      this.#key.runId,
      expendable.map(({ step }) => step),
    )
    for (const { key } of expendable) await storage.deleteAll(key)
  }

  /** @returns the SHA-256 of what was read */
  async #download({ key }: StoredCheckpoint, path: string): Promise<string> {
    const opened = await this.#parts.storage.open(key)
    if (opened === undefined) throw new Error(`'${key}' is not in the storage`)
    const hash = createHash('sha256')
    opened.stream.on('data', chunk => hash.update(chunk))
    await pipeline(opened.stream, createWriteStream(path))
    return hash.digest('hex')
  }
}
