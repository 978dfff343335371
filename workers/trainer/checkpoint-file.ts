import { createHash } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { endianness } from 'node:os'
import { z } from 'zod'
import { type Snapshot, snapshotProgress } from './snapshot.js'

/*
 * A snapshot as one file in the safetensors format (https://github.com/huggingface/safetensors#format): the length
 * of a JSON header as 64 bits, the header, the tensors' bytes one after the other, all little-endian. What is no
 * tensor stands as JSON in the header's metadata, whose values are texts.
 */

/** To be raised where an older file would be read wrongly. */
const version = '1'

const header = z.looseObject({
  __metadata__: z.object({ lyceum: z.literal(version), progress: z.string() }),
})
const entry = z.object({
  dtype: z.literal('F32'),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
})

const bytesPerValue = Float32Array.BYTES_PER_ELEMENT
const lengthBytes = 8

/** Written under another name and renamed: the file is whole, or not there. */
export async function writeCheckpoint(
  { progress, tensors }: Snapshot,
  path: string,
): Promise<{ bytes: number; sha256: string }> {
  const parts = [...encode(progress, tensors)]
  const temporary = `${path}.part`
  const hash = createHash('sha256')
  let bytes = 0
  try {
    const file = await open(temporary, 'w')
    try {
      for (const part of parts) {
        await file.writeFile(part)
        hash.update(part)
        bytes += part.byteLength
      }
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  return { bytes, sha256: hash.digest('hex') }
}

/** @throws Error where the file is none of this version */
export async function readCheckpoint(path: string): Promise<Snapshot> {
  const file = await readFile(path)
  const begin = lengthBytes + Number(file.readBigUInt64LE())
  const { __metadata__, ...entries } = header.parse(
    JSON.parse(file.subarray(lengthBytes, begin).toString('utf8')),
  )
  const tensors: Snapshot['tensors'] = new Map()
  for (const [name, value] of Object.entries(entries)) {
    const {
      shape,
      data_offsets: [from, to],
    } = entry.parse(value)
    const values = new Float32Array((to - from) / bytesPerValue)
    // Copied: the bytes need not lie where an array of floats may begin.
    new Uint8Array(values.buffer).set(file.subarray(begin + from, begin + to))
    tensors.set(name, { shape, values })
  }
  return { progress: snapshotProgress.parse(JSON.parse(__metadata__.progress)), tensors }
}

function* encode(progress: Snapshot['progress'], tensors: Snapshot['tensors']): Generator<Uint8Array> {
  if (endianness() !== 'LE') throw new Error('checkpoints are written on little-endian machines only')
  let offset = 0
  const entries = [...tensors].map(([name, { shape, values }]) => {
    const from = offset
    offset += values.byteLength
    return [name, { dtype: 'F32', shape, data_offsets: [from, offset] }] as const
  })
  const metadata = { lyceum: version, progress: JSON.stringify(progress) }
  const text = Buffer.from(JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) }))
  // The tensors begin at a multiple of 8 bytes, as the format advises: spaces fill up.
  const padding = Buffer.alloc((lengthBytes - (text.length % lengthBytes)) % lengthBytes, ' ')
  const length = Buffer.alloc(lengthBytes)
  length.writeBigUInt64LE(BigInt(text.length + padding.length))
  yield* [length, text, padding]
  for (const { values } of tensors.values()) {
    yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  }
}
