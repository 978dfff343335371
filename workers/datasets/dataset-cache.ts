import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DatasetDescription } from '../../src/training/contract.js'
import type { ImageSet } from './dataset.js'

/**
 * A decoded dataset on disk: training pixels, training labels, test pixels, test labels, a byte each, and
 * nothing else. The file is named after its checksum, so that it is right or it is not used.
 */
export class DatasetCache {
  readonly #path: string
  readonly #directory: string
  readonly #checksum: string

  constructor(directory: string, id: string, checksum: string) {
    this.#directory = directory
    this.#checksum = checksum
    this.#path = join(directory, `${id}-${checksum.slice(0, 16)}.bin`)
  }

  /** The bytes, or undefined when there are none or they are not the right ones. */
  async read(): Promise<Uint8Array | undefined> {
    const bytes = await readFile(this.#path).catch(error => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    return bytes && sha256(bytes) === this.#checksum ? bytes : undefined
  }

  /** Written under a name of its own and renamed: a reader finds all or nothing, and two writers are no harm. */
  async write(bytes: Uint8Array): Promise<void> {
    await mkdir(this.#directory, { recursive: true })
    const unfinished = `${this.#path}.${randomUUID()}`
    try {
      await writeFile(unfinished, bytes)
      await rename(unfinished, this.#path)
    } finally {
      await rm(unfinished, { force: true })
    }
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

export function encodeDataset(training: ImageSet, test: ImageSet): Uint8Array {
  return Buffer.concat([training.pixels, training.labels, test.pixels, test.labels])
}

/** Views of the bytes that `encodeDataset` wrote, whose checksum is known to be right. */
export function decodeDataset(
  bytes: Uint8Array,
  description: DatasetDescription,
): { training: ImageSet; test: ImageSet } {
  const imageSize = description.inputShape.reduce((product, length) => product * length, 1)
  let at = 0
  const take = (length: number) => {
    at += length
    return bytes.subarray(at - length, at)
  }
  const takeSet = (count: number) => ({ count, pixels: take(count * imageSize), labels: take(count) })
  return { training: takeSet(description.trainingImages), test: takeSet(description.testImages) }
}
