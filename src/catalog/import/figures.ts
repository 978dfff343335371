import sanitizeHtml from 'sanitize-html'

/** A figure must be a drawing and nothing else: it is served from the university's own address. */

const svgElements = new Set(
  (
    'svg g title desc defs path rect circle ellipse line polyline polygon text tspan marker linearGradient ' +
    'radialGradient stop clipPath mask pattern symbol use'
  ).split(' '),
)
const pngSignature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

export const maxFigureBytes = 1024 * 1024
export const figureMediaTypes: Readonly<Record<string, string>> = { svg: 'image/svg+xml', png: 'image/png' }

/** What is wrong with a figure, or undefined. */
export function faultOfFigure(extension: string, bytes: Buffer): string | undefined {
  if (extension === 'svg') return faultOfSvg(bytes.toString('utf8'))
  if (extension === 'png') {
    return bytes.subarray(0, pngSignature.length).equals(pngSignature) ? undefined : 'is not a PNG image'
  }
  return 'must be an SVG or a PNG'
}

function faultOfSvg(source: string): string | undefined {
  const text = source.replace(/^\uFEFF?\s*(<\?xml[^>]*\?>)?/, '')
  const declaration = /<!(?!--)|<\?/.exec(text)
  if (declaration) return 'must not have a DOCTYPE, an entity, CDATA or a processing instruction'
  const faults: string[] = []
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
        if (!svgElements.has(tagName)) faults.push(`must not have the element <${tagName}>`)
        for (const [name, value] of Object.entries(attribs)) {
          const fault = faultOfAttribute(name, value)
          if (fault !== undefined) faults.push(fault)
        }
        return { tagName, attribs }
      },
    },
  })
  if (root !== 'svg') return 'is not an SVG: its first element must be <svg>'
  return faults[0]
}

function faultOfAttribute(name: string, value: string): string | undefined {
  const lowered = name.toLowerCase()
  if (lowered.startsWith('on')) return `must not have the attribute ${name}: a figure runs no script`
  if (lowered === 'style') return 'must not have the attribute style: use fill, stroke and so on'
  if ((lowered === 'href' || lowered.endsWith(':href')) && !value.startsWith('#')) {
    return `must not refer to ${value}: only to parts of itself`
  }
  if (/url\(\s*(?!\s*['"]?#)/i.test(value)) return `must not refer to ${value}: only to parts of itself`
  return undefined
}
