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
  // Read one after another; when the reader leaves, all are let go.
  const sources: Readable[] = []
  const stream = new PassThrough()
  stream.on('close', () => {
    for (const source of sources) source.destroy()
  })
  for (const file of modelFileNames) {
    const opened = await storage.open(`${modelKey}/${file}`)
    if (!opened) {
      stream.destroy()
      return undefined
    }
    sources.push(opened.stream)
    zip.addReadStream(opened.stream, file, { size: opened.size, compress: false })
  }
  zip.on('error', error => stream.destroy(error))
  zip.outputStream.pipe(stream)
  return { size: await sizeOf(zip), stream }
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
