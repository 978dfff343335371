import { constants, open, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import type { Problems } from './problems.js'

/** Who names the file that is read: a fault is reported there. */
export interface Mention {
  readonly file: string
  readonly line: number
}

/** A link in the last place is refused by the system itself, and a pipe must not keep the import waiting. */
const openFlags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/**
 * The files of one course. Nothing outside the folder is ever read: a symbolic link, wherever it leads, and a
 * path with `..` are refused, because a course may come from somebody who may not read this machine's files.
 */
export class CourseFolder {
  private constructor(
    readonly root: string,
    /** How messages name the folder. */
    readonly label: string,
    readonly problems: Problems,
  ) {}

  static async open(directory: string, label: string, problems: Problems): Promise<CourseFolder> {
    return new CourseFolder(await realpath(directory), label, problems)
  }

  /** The name of a file in messages. */
  nameOf(path: string): string {
    return this.label === '' ? path : `${this.label}/${path}`
  }

  /**
   * Reads a file of at most `limit` bytes. undefined where it cannot be read, which is noted as a problem, or
   * where it is `optional` and missing.
   */
  async read(
    path: string,
    limit: number,
    mention?: Mention,
    { optional = false } = {},
  ): Promise<Buffer | undefined> {
    const refuse = (reason: string) => {
      if (mention) this.problems.add(mention.file, mention.line, `${path}: ${reason}`)
      else this.problems.add(this.nameOf(path), 1, reason)
      return undefined
    }
    const place = join(this.root, path)
    if (!place.startsWith(this.root + sep)) return refuse('leads out of the folder of the course')
    try {
      if ((await realpath(place)) !== place)
        return refuse('is a symbolic link, or lies behind one: copy the file')
      const handle = await open(place, openFlags)
      try {
        const stat = await handle.stat()
        if (!stat.isFile()) return refuse('is not a file')
        if (stat.size > limit) return refuse(`has ${stat.size} bytes; at most ${limit} are allowed`)
        return await handle.readFile()
      } finally {
        await handle.close()
      }
    } catch (error) {
      if (isMissing(error)) return optional ? undefined : refuse('there is no such file')
      return refuse(`cannot be read (${error instanceof Error ? error.message : String(error)})`)
    }
  }

  /** As `read`, for a text file, which must be UTF-8. Lines end as on Unix, so that a checkout on Windows is no edit. */
  async readText(
    path: string,
    limit: number,
    mention?: Mention,
    options: { optional?: boolean } = {},
  ): Promise<string | undefined> {
    const bytes = await this.read(path, limit, mention, options)
    if (bytes === undefined) return undefined
    const refuse = (line: number, reason: string) => {
      this.problems.add(this.nameOf(path), line, reason)
      return undefined
    }
    let text: string
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r\n?/g, '\n')
    } catch {
      return refuse(lineOfInvalidUtf8(bytes), 'is not UTF-8 text')
    }
    const control = controlCharacter.exec(text)
    if (control) return refuse(lineAt(text, control.index), 'has a control character, as no text has')
    return text
  }
}

/** Tabs and line ends are text; the rest is none, and PostgreSQL keeps no NUL. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
export const controlCharacter = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/

/** The line, counted from 1, of a place in a text. */
export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}

function lineOfInvalidUtf8(bytes: Buffer): number {
  const lossy = new TextDecoder('utf-8').decode(bytes)
  return lineAt(lossy, Math.max(0, lossy.indexOf('\ufffd')))
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}
