import { createHash } from 'node:crypto'
import { extname } from 'node:path/posix'
import { findImages } from '../../platform/markdown.js'
import { figureMediaTypes } from '../figure-types.js'
import type { CourseFolder } from './course-folder.js'
import { findFigureFault, maxFigureBytes } from './figures.js'

export interface Asset {
  /** SHA-256 of the bytes. */
  readonly hash: string
  readonly mediaType: string
  readonly bytes: Buffer
}

/** A Markdown text of a lesson and where it stands. */
export interface PlacedText {
  readonly markdown: string
  readonly file: string
  /** The line in the file at which the text begins. */
  readonly line: number
}

/**
 * Reads the figures that a lesson's texts name.
 *
 * @returns the file name under `/assets/` by the path that the texts give, and the figures themselves
 */
export async function readFigures(
  folder: CourseFolder,
  lessonFolder: string,
  texts: readonly PlacedText[],
): Promise<{ figures: Record<string, string>; assets: Asset[] }> {
  const figures = new Map<string, string>()
  const assets: Asset[] = []
  for (const { markdown, file, line } of texts) {
    for (const image of findImages(markdown)) {
      const mention = { file, line: line + image.line }
      if (image.alt.trim() === '') {
        const reason = `${image.path}: a figure needs a text for those who can't see it: ![what it shows](…)`
        folder.problems.add(mention.file, mention.line, reason)
      }
      if (figures.has(image.path)) continue
      const extension = extname(image.path).slice(1)
      const mediaType = figureMediaTypes[extension]
      if (/^([a-z]+:|\/)|(^|\/)\.\.?(\/|$)/i.test(image.path) || mediaType === undefined) {
        const reason = 'a figure must be an SVG or PNG file in the folder of the lesson'
        folder.problems.add(mention.file, mention.line, `${image.path}: ${reason}`)
        continue
      }
      const bytes = await folder.read(`${lessonFolder}/${image.path}`, maxFigureBytes, mention)
      if (bytes === undefined) continue
      const fault = await findFigureFault(extension, bytes)
      if (fault) folder.problems.add(folder.nameOf(`${lessonFolder}/${image.path}`), fault.line, fault.reason)
      const hash = createHash('sha256').update(bytes).digest('hex')
      figures.set(image.path, `${hash}.${extension}`)
      assets.push({ hash, mediaType, bytes })
    }
  }
  return { figures: Object.fromEntries(figures), assets }
}
