import { type FileHandle, open } from 'node:fs/promises'
import { onnxGraph } from '../../src/networks/exports/onnx-graph.js'
import type { Network } from '../../src/networks/network.js'
import { encodeModel } from './onnx-encoding.js'
import { type StoredWeights, transpose } from './stored-weights.js'

/** Writes a network as an ONNX file, which holds one of its weights in memory at a time. */
export async function writeOnnx(
  network: Network,
  weights: StoredWeights,
  classNames: readonly string[],
  path: string,
): Promise<void> {
  const file = await open(path, 'w')
  try {
    for (const part of encodeModel(onnxGraph(network), { classNames: JSON.stringify(classNames) })) {
      if (part instanceof Uint8Array) await write(file, part)
      else {
        const { values, shape } = await weights.read(part.constant.weight)
        const { buffer } = transpose(values, shape, part.constant.axes)
        await write(file, new Uint8Array(buffer))
      }
    }
  } finally {
    await file.close()
  }
}

/** A single `write` may take less than it is given. */
async function write(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done)
    done += bytesWritten
  }
}
