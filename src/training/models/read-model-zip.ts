import { createReadStream, createWriteStream } from 'node:fs'
import { join, posix } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { layersModelDocument } from '../../networks/layers-model.js'
import type { Network } from '../../networks/network.js'
import {
  LayersModelError,
  readLayersModel,
  type WeightGroup,
  type WeightPlace,
} from '../../networks/read-layers-model.js'
import { Archive } from '../../platform/archive.js'
import { UploadRefused } from '../../platform/upload-refused.js'
import { kerasJsonOf, LONGEST_KERAS_JSON } from '../spec/network-spec.js'
import { modelLimits } from './model-limits.js'

const BYTES_OF_FLOAT32 = 4
/** All ones in infinities and in what is no number (IEEE 754, binary32). */
const EXPONENT = 0x7f80_0000

export interface ModelUpload {
  readonly network: Network
  readonly classNames: readonly string[]
  /** A `model.json` as a run leaves it. */
  readonly modelJson: Buffer
  readonly weightBytes: number
  /** The `weights.bin` that goes with it, as long as the directory is there. */
  weights(): AsyncIterable<Uint8Array>
}

/**
 * Reads the zip of a tfjs LayersModel: a `model.json` at its top or in a folder, and the weights beside it.
 * @param directory where the weights are unpacked to
 * @param most bytes, unpacked
 * @throws UploadRefused, whose message is for whoever sent it
 */
export async function readModelZip(zip: string, directory: string, most: number): Promise<ModelUpload> {
  const archive = await Archive.open(zip, { ...modelLimits, unpackedBytes: most })
  try {
    const path = findModelJson(archive.files)
    const text = (await archive.read(path, modelLimits.jsonBytes)).toString()
    const { network, classNames, groups, places } = readModel(path, text)
    const files = findFiles(archive, posix.dirname(path), groups)
    const unpacked = join(directory, 'weights')
    await pipeline(finite(concatenate(archive, files), places), createWriteStream(unpacked))
    return {
      network,
      classNames,
      modelJson: Buffer.from(JSON.stringify(layersModelDocument(network, { classNames }))),
      weightBytes: places.reduce((sum, { bytes }) => sum + bytes, 0),
      weights: () => readPlaces(unpacked, places),
    }
  } finally {
    archive.close()
  }
}

function findModelJson(files: readonly string[]): string {
  const [found, another] = files.filter(file => /^([^/]+\/)?model\.json$/.test(file))
  if (found === undefined) {
    throw new UploadRefused(
      "There is no 'model.json' at the zip's top or in a folder there: send what tfjs saves, model.json and weights.",
    )
  }
  if (another !== undefined) {
    throw new UploadRefused(`There are two models, '${found}' and '${another}': send one.`)
  }
  return found
}

function readModel(path: string, text: string) {
  try {
    const model = readLayersModel(text)
    if (kerasJsonOf(model.network).length > LONGEST_KERAS_JSON) {
      throw new LayersModelError(`Its layers take more than ${LONGEST_KERAS_JSON} characters to describe.`)
    }
    return model
  } catch (error) {
    if (error instanceof LayersModelError) throw new UploadRefused(`'${path}': ${error.message}`)
    throw error
  }
}

/** The files of all groups in order, each once, when each group has the bytes that its weights need. */
function findFiles(archive: Archive, folder: string, groups: readonly WeightGroup[]): string[] {
  const files = new Set<string>()
  for (const { paths, bytes } of groups) {
    let found = 0
    for (const path of paths) {
      // A name that leads out of the folder is that of no file in the zip, or of another one there.
      const file = posix.join(folder, path.normalize('NFC'))
      const size = archive.sizeOf(file)
      if (size === undefined) {
        throw new UploadRefused(`'${path}', which the model.json names, is not in the zip beside it.`)
      }
      if (files.has(file)) throw new UploadRefused(`The model.json names '${path}' twice.`)
      files.add(file)
      found += size
    }
    if (found !== bytes) {
      throw new UploadRefused(
        `The weights in ${paths.map(path => `'${path}'`).join(', ')} are ${found} bytes, and must be ${bytes}.`,
      )
    }
  }
  return [...files]
}

async function* concatenate(archive: Archive, files: readonly string[]): AsyncGenerator<Buffer, void> {
  for (const file of files) yield* archive.unpack(file)
}

/** Lets float32 numbers through, the lowest byte first. @throws UploadRefused where one is NaN or infinite */
async function* finite(
  chunks: AsyncIterable<Buffer>,
  places: readonly WeightPlace[],
): AsyncGenerator<Buffer, void> {
  let rest = Buffer.alloc(0)
  let offset = 0
  for await (const chunk of chunks) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    const whole = bytes.length - (bytes.length % BYTES_OF_FLOAT32)
    for (let at = 0; at < whole; at += BYTES_OF_FLOAT32) {
      if ((bytes.readUInt32LE(at) & EXPONENT) === EXPONENT) {
        const name = nameAt(places, offset + at)
        throw new UploadRefused(`The weight '${name}' holds ${bytes.readFloatLE(at)}: all must be finite.`)
      }
    }
    rest = Buffer.from(bytes.subarray(whole))
    offset += whole
    yield chunk
  }
}

function nameAt(places: readonly WeightPlace[], at: number): string {
  return places.find(({ offset, bytes }) => at >= offset && at < offset + bytes)?.name ?? ''
}

async function* readPlaces(file: string, places: readonly WeightPlace[]): AsyncGenerator<Buffer, void> {
  for (const { offset, bytes } of places) {
    yield* createReadStream(file, { start: offset, end: offset + bytes - 1 })
  }
}
