import { buffer } from 'node:stream/consumers'
import sharp from 'sharp'
import { ZipFile } from 'yazl'

/** A zip of these files, by their paths. A path that ends with a slash is a folder. */
export function makeZip(
  files: Record<string, Uint8Array | string>,
  options: { compress?: boolean; mode?: number } = {},
): Promise<Buffer> {
  const zip = new ZipFile()
  for (const [path, content] of Object.entries(files)) {
    if (path.endsWith('/')) zip.addEmptyDirectory(path)
    else zip.addBuffer(Buffer.from(content), path, options)
  }
  zip.end()
  return buffer(zip.outputStream)
}

export type Colour = readonly [red: number, green: number, blue: number]

/** An image of one colour. */
export function makeImage(
  colour: Colour,
  side = 12,
  format: 'png' | 'jpeg' | 'webp' = 'png',
): Promise<Buffer> {
  const [r, g, b] = colour
  return sharp({ create: { width: side, height: side, channels: 3, background: { r, g, b } } })
    .toFormat(format)
    .toBuffer()
}

/** Files of class folders: each class has its own colour, a little lighter in each image. */
export async function makeClassFolders(classes: readonly string[], images: number, side = 12) {
  const files: Record<string, Buffer> = {}
  for (const [label, name] of classes.entries()) {
    for (let index = 0; index < images; index++) {
      const shade = (channel: number) => (channel === label % 3 ? 120 + (index % 100) : 10)
      files[`${name}/${index}.png`] = await makeImage([shade(0), shade(1), shade(2)], side)
    }
  }
  return files
}

/** An IDX file of bytes: shape and values as MNIST has them. */
export function makeIdx(shape: readonly number[], values: Uint8Array): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length)
  header.set([0, 0, 0x08, shape.length])
  for (const [axis, length] of shape.entries()) header.writeUInt32BE(length, 4 + 4 * axis)
  return Buffer.concat([header, values])
}

const centralSignature = Buffer.from('PK\x01\x02', 'latin1')

/** Changes each entry of the zip's central directory, which begins at the offset that is given. */
export function forgeEntries(zip: Buffer, change: (zip: Buffer, entry: number) => void): Buffer {
  const forged = Buffer.from(zip)
  for (let at = forged.indexOf(centralSignature); at !== -1; at = forged.indexOf(centralSignature, at + 4)) {
    change(forged, at)
  }
  return forged
}

/** Takes the place of a text in a zip, of the same length. */
export function forgeText(zip: Buffer, text: string, other: string): Buffer {
  return Buffer.from(zip.toString('latin1').replaceAll(text, other), 'latin1')
}
