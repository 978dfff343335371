import { PassThrough, type Readable } from 'node:stream'
import yazl from 'yazl'
import type { Storage } from '../../platform/storage/storage.js'
import { modelFileNames } from '../runs/run-view.js'

/**
 * A model's files as one zip, put together while it is read: nothing of it is held in memory or on disk. Nor is it
 * compressed, since trained weights are as good as random; so its size is known beforehand.
 * @returns undefined where one of the files is not there
 */
export async function openModelZip(
  storage: Storage,
  modelKey: string,
): Promise<{ size: number; stream: Readable } | undefined> {
  const zip = new yazl.ZipFile()
  const stream = new PassThrough()
  const fail = (error: Error) => stream.destroy(error)
  // Whoever is to read it comes later, and is told then.
  stream.on('error', () => {})
  zip.on('error', fail)
  try {
    for (const file of modelFileNames) {
      const opened = await storage.open(`${modelKey}/${file}`)
      if (!opened) {
        stream.destroy()
        return undefined
      }
      // They are read one after another: one may break off that nobody listens to yet.
      opened.stream.on('error', fail)
      // When the reader leaves, all are let go.
      stream.on('close', () => opened.stream.destroy())
      zip.addReadStream(opened.stream, file, { size: opened.size, compress: false })
    }
    zip.outputStream.pipe(stream)
    return { size: await sizeOf(zip), stream }
  } catch (error) {
    stream.destroy()
    throw error
  }
}

function sizeOf(zip: yazl.ZipFile): Promise<number> {
  return new Promise((resolve, reject) => {
    // Its types leave the size out.
    zip.end({ forceZip64Format: false, comment: '' }, (...args: unknown[]) => {
      const [size] = args
      if (typeof size === 'number' && size > 0) resolve(size)
      else reject(new Error('the size of the zip is not known'))
    })
  })
}
