import { type Entry, openPromise, type ZipFile } from 'yauzl'
import { describeCause, UploadRefused } from './upload-refused.js'

const mebibyte = 1024 * 1024
const fileTypeMask = 0o170000
const symbolicLink = 0o120000

/** What systems add to a zip without being asked. */
const clutter = /(^|\/)(__MACOSX\/|\.DS_Store$|Thumbs\.db$|desktop\.ini$|\._)/i

export interface ArchiveLimits {
  readonly entries: number
  /** Of a path in the zip, in characters. */
  readonly pathLength: number
  /** Of everything in the zip together, unpacked. */
  readonly unpackedBytes: number
  /** How many times as large as packed a file of more than 1 MiB may become. */
  readonly unpackedTimes: number
}

/** A zip file whose entries were checked against the limits before any was unpacked. */
export class Archive {
  /** Without folders and what systems add. */
  readonly files: readonly string[]
  readonly folders: readonly string[]
  readonly #zip: ZipFile
  readonly #entries: ReadonlyMap<string, Entry>

  private constructor(zip: ZipFile, entries: ReadonlyMap<string, Entry>) {
    this.#zip = zip
    this.#entries = entries
    const names = [...entries.keys()]
    this.files = names.filter(name => !name.endsWith('/'))
    this.folders = names.filter(name => name.endsWith('/'))
  }

  /** @throws UploadRefused where it is no zip, or one that could do harm */
  static async open(path: string, limits: ArchiveLimits): Promise<Archive> {
    // The sizes that it tells are held to while it is unpacked; names that lead out of it are refused.
    const options = { autoClose: false, validateEntrySizes: true, decodeStrings: true, strictFileNames: true }
    let zip: ZipFile | undefined
    try {
      zip = await openPromise(path, options)
      return new Archive(zip, await readEntries(zip, limits))
    } catch (error) {
      zip?.close()
      if (error instanceof UploadRefused) throw error
      throw new UploadRefused(`The file cannot be read as a zip: ${describeCause(error)}.`)
    }
  }

  /** How many bytes a file has unpacked; undefined where there is no such file. */
  sizeOf(name: string): number | undefined {
    return name.endsWith('/') ? undefined : this.#entries.get(name)?.uncompressedSize
  }

  /** The bytes of a file. @throws UploadRefused where it is larger than `most` or damaged */
  async read(name: string, most: number): Promise<Buffer> {
    if (this.#entryOf(name).uncompressedSize > most) {
      throw new UploadRefused(
        `'${name}' is larger than ${most / mebibyte} MiB unpacked: make it smaller or leave it out.`,
      )
    }
    const parts: Buffer[] = []
    for await (const part of this.unpack(name)) parts.push(part)
    return Buffer.concat(parts)
  }

  /** The bytes of a file as they come, never whole in memory. @throws UploadRefused where it is damaged */
  async *unpack(name: string): AsyncGenerator<Buffer, void, undefined> {
    const entry = this.#entryOf(name)
    try {
      for await (const part of await this.#zip.openReadStreamPromise(entry)) yield part
    } catch (error) {
      throw new UploadRefused(`'${name}' cannot be unpacked: ${describeCause(error)}.`)
    }
  }

  close(): void {
    this.#zip.close()
  }

  #entryOf(name: string): Entry {
    const entry = this.#entries.get(name)
    if (!entry) throw new Error(`'${name}' is none of the archive's files`)
    return entry
  }
}

async function readEntries(zip: ZipFile, limits: ArchiveLimits): Promise<Map<string, Entry>> {
  if (zip.entryCount > limits.entries) {
    throw new UploadRefused(`The zip has ${zip.entryCount} entries; ${limits.entries} are taken.`)
  }
  const entries = new Map<string, Entry>()
  let unpackedBytes = 0
  for await (const entry of zip.eachEntry()) {
    const name = entry.fileName.normalize('NFC')
    if (clutter.test(name)) continue
    if (entries.has(name)) throw new UploadRefused(`'${name}' is in the zip twice.`)
    checkEntry(entry, name, limits)
    unpackedBytes += entry.uncompressedSize
    if (unpackedBytes > limits.unpackedBytes) {
      throw new UploadRefused(
        `The files of the zip are more than ${limits.unpackedBytes / mebibyte} MiB unpacked: ` +
          'send fewer or smaller ones.',
      )
    }
    entries.set(name, entry)
  }
  return entries
}

function checkEntry(entry: Entry, name: string, { pathLength, unpackedTimes }: ArchiveLimits): void {
  if (name.length > pathLength) {
    throw new UploadRefused(`'${name.slice(0, 60)}…' is too long a path.`)
  }
  if (entry.isEncrypted()) throw new UploadRefused(`'${name}' is encrypted: make the zip without a password.`)
  if (((entry.externalFileAttributes >>> 16) & fileTypeMask) === symbolicLink) {
    throw new UploadRefused(`'${name}' is a symbolic link: put the file itself into the zip.`)
  }
  const { uncompressedSize, compressedSize } = entry
  if (uncompressedSize > mebibyte && uncompressedSize > compressedSize * unpackedTimes) {
    throw new UploadRefused(
      `'${name}' is more than ${unpackedTimes} times as large unpacked as in the zip: it holds next to nothing.`,
    )
  }
}
