import sanitizeHtml from 'sanitize-html'
import sharp from 'sharp'
import { lineAt } from './course-folder.js'

/** A figure must be a drawing and nothing else: it is served from the university's own address. */

const svgElements = new Set(
  (
    'svg g title desc defs path rect circle ellipse line polyline polygon text tspan marker linearGradient ' +
    'radialGradient stop clipPath mask pattern symbol use'
  ).split(' '),
)
const pngSignature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

export const maxFigureBytes = 1024 * 1024
const maxPixels = 32_000_000

export interface FigureFault {
  readonly line: number
  readonly reason: string
}

/** What is wrong with a figure, or undefined. */
export async function findFigureFault(extension: string, bytes: Buffer): Promise<FigureFault | undefined> {
  if (extension === 'svg') {
    const fault = findSvgFault(bytes.toString('utf8'))
    if (fault) return fault
  } else if (!bytes.subarray(0, pngSignature.length).equals(pngSignature)) {
    return { line: 1, reason: 'is not a PNG image' }
  }
  try {
    const image = sharp(bytes, { failOn: 'error', limitInputPixels: maxPixels, unlimited: false })
    // The head of a PNG says nothing of its body: only decoding shows that it is whole.
    await (extension === 'png' ? image.stats() : image.metadata())
    return undefined
  } catch (error) {
    const said = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
    return { line: 1, reason: `cannot be shown as an image (${said})` }
  }
}

function findSvgFault(source: string): FigureFault | undefined {
  const text = source.replace(/^\uFEFF?\s*(<\?xml[^>]*\?>)?/, head => head.replace(/[^\n]/g, ' '))
  const declaration = /<!(?!--)|<\?/.exec(text)
  if (declaration) {
    const reason = 'must not have a DOCTYPE, an entity, CDATA or a processing instruction'
    return { line: lineAt(text, declaration.index), reason }
  }
  const faults: FigureFault[] = []
  const add = (needle: string, reason: string) => {
    faults.push({ line: lineAt(text, Math.max(0, text.indexOf(needle))), reason })
  }
  let root: string | undefined
  // Used as a parser: it calls back for every element, and its output is not needed.
  sanitizeHtml(text, {
    parser: { xmlMode: true, lowerCaseTags: false, lowerCaseAttributeNames: false },
    allowedTags: false,
    allowVulnerableTags: true,
    allowedAttributes: false,
    transformTags: {
      '*': (tagName, attribs) => {
        root ??= tagName
        if (!svgElements.has(tagName)) add(`<${tagName}`, `must not have the element <${tagName}>`)
        for (const [name, value] of Object.entries(attribs)) {
          const reason = faultOfAttribute(name, value)
          if (reason !== undefined) add(name, reason)
        }
        return { tagName, attribs }
      },
    },
  })
  if (root !== 'svg') return { line: 1, reason: 'is not an SVG: its first element must be <svg>' }
  return faults[0]
}

function faultOfAttribute(name: string, value: string): string | undefined {
  const lowered = name.toLowerCase()
  if (lowered.startsWith('on')) return `must not have the attribute ${name}: a figure runs no script`
  if (lowered === 'style') return 'must not have the attribute style: use fill, stroke and so on'
  if ((lowered === 'href' || lowered.endsWith(':href')) && !value.startsWith('#')) {
    return `must not refer to ${value}: only to parts of itself`
  }
  // A backslash can spell url( in a way that only a style sheet's reader sees.
  if (/url\(\s*(?!\s*['"]?#)|\\/i.test(value)) return `must not refer to ${value}: only to parts of itself`
  return undefined
}
