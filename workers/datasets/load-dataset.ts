import { readFile } from 'node:fs/promises'
import { type DatasetDescription, findDataset, type UploadedDataset } from '../../src/training/contract.js'
import { cifarSynthetic } from './cifar-synthetic.js'
import { type Dataset, DatasetError, type DatasetSource } from './dataset.js'
import { DatasetCache, decodeDataset, encodeDataset, sha256 } from './dataset-cache.js'
import { fashionMnist } from './fashion-mnist.js'
import { mnist } from './mnist.js'

const sources: readonly DatasetSource[] = [mnist, fashionMnist, cifarSynthetic]

/**
 * A dataset from its cache in `directory`, or else from its source files, whose checksums are verified; it is
 * then cached.
 * @throws DatasetError when a source file is missing or altered
 */
export async function loadDataset(id: string, directory: string): Promise<Dataset> {
  const description = findDataset(id)
  const source = sources.find(candidate => candidate.id === id)
  if (!description || !source) throw new DatasetError(`There is no dataset '${id}'.`)
  return openDataset(source, description, directory)
}

/** A decoded upload. @throws DatasetError where its bytes are not those that were decoded */
export async function readUpload({ file, checksum, description }: UploadedDataset): Promise<Dataset> {
  const bytes = await readFile(file)
  if (sha256(bytes) !== checksum) {
    throw new DatasetError(`The stored images of '${description.title}' were damaged. Upload them again.`)
  }
  return { description, ...decodeDataset(bytes, description), checksum }
}

/** What `loadDataset` does with a dataset that is known. */
export async function openDataset(
  source: DatasetSource,
  description: DatasetDescription,
  directory: string,
): Promise<Dataset> {
  const cache = new DatasetCache(directory, source.id, source.checksum)
  let bytes = await cache.read()
  if (!bytes) {
    bytes = await decodeSource(source)
    await cache.write(bytes)
  }
  return { description, ...decodeDataset(bytes, description), checksum: source.checksum }
}

async function decodeSource(source: DatasetSource): Promise<Uint8Array> {
  const files: Uint8Array[] = []
  for (const { path, sha256: expected } of source.locate()) {
    const bytes = await readFile(path).catch(error => {
      throw new DatasetError(`${path} cannot be read (${error.code}). Reinstall the packages: npm ci.`)
    })
    if (sha256(bytes) !== expected) {
      throw new DatasetError(
        `${path} is not the file it should be (SHA-256). Reinstall the packages: npm ci.`,
      )
    }
    files.push(bytes)
  }
  const { training, test } = source.decode(files)
  const decoded = encodeDataset(training, test)
  if (sha256(decoded) !== source.checksum) {
    throw new DatasetError(
      `'${source.id}' was decoded to other bytes than it should be: this is a fault of Lyceum.`,
    )
  }
  return decoded
}
