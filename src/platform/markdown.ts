import markdownItKatex from '@vscode/markdown-it-katex'
import katex, { type KatexOptions } from 'katex'
import MarkdownIt from 'markdown-it'
import sanitizeHtml from 'sanitize-html'

/** Browsers show MathML by themselves, so a frontend needs no style sheet and no fonts. */
const mathOptions = {
  output: 'mathml',
  trust: false,
  maxExpand: 1000,
  maxSize: 50,
  strict: 'ignore',
} satisfies KatexOptions

/** Raw HTML in Markdown is shown as text. */
const parser = new MarkdownIt({ html: false, linkify: false, typographer: false }).use(
  markdownItKatex.default,
)
const inlineMath = new Set(['math_inline'])
const blockMath = new Set(['math_block', 'math_inline_block'])
// The plugin finds the formulas; they are rendered by the same KaTeX that checks them when they are imported.
for (const type of inlineMath) parser.renderer.rules[type] = (tokens, at) => renderMath(tokens[at])
for (const type of blockMath) {
  parser.renderer.rules[type] = (tokens, at) => `<p class="katex-block">${renderMath(tokens[at])}</p>\n`
}
// The title of the lesson is the page's h1.
parser.core.ruler.push('demote_title', state => {
  for (const token of state.tokens) if (token.tag === 'h1') token.tag = 'h2'
})

const mathElements = (
  'math semantics annotation mrow mi mn mo ms mtext mspace mfrac msqrt mroot mstyle merror mpadded mphantom ' +
  'menclose msub msup msubsup munder mover munderover mmultiscripts mprescripts mtable mtr mtd'
).split(' ')
const textElements =
  'h2 h3 h4 h5 h6 p br hr strong em s del ul ol li blockquote pre code table thead tbody tr th td a img span'.split(
    ' ',
  )
const mathAttributes = (
  'accent accentunder columnalign columnlines columnspacing depth display displaystyle encoding fence form ' +
  'height largeop linebreak linethickness lspace mathbackground mathcolor mathsize mathvariant maxsize minsize ' +
  'movablelimits notation rowalign rowlines rowspacing rspace scriptlevel separator stretchy symmetric voffset ' +
  'width xmlns'
).split(' ')

const sanitizer: sanitizeHtml.IOptions = {
  allowedTags: [...textElements, ...mathElements],
  allowedAttributes: {
    a: ['href', 'rel', 'title'],
    img: ['src', 'alt', 'title'],
    ol: ['start'],
    ...Object.fromEntries(mathElements.map(element => [element, mathAttributes])),
  },
  allowedClasses: {
    code: ['language-*'],
    span: ['katex', 'katex-display', 'katex-error'],
    p: ['katex-block'],
  },
  allowedStyles: {
    '*': {},
    th: { 'text-align': [/^(left|center|right)$/] },
    td: { 'text-align': [/^(left|center|right)$/] },
  },
  allowedSchemes: ['https', 'http', 'mailto'],
  allowedSchemesByTag: { img: [] },
  allowProtocolRelative: false,
  transformTags: {
    a: (tagName, attribs) => ({ tagName, attribs: { ...attribs, rel: 'noopener noreferrer' } }),
  },
  // A figure that the import did not store is none of this lesson.
  exclusiveFilter: frame =>
    frame.tag === 'img' && !/^\/assets\/[0-9a-f]{64}\.(svg|png)$/.test(frame.attribs.src ?? ''),
}

/** Markdown and what a page shows of it. */
export interface RichText {
  readonly markdown: string
  /** Sanitised; mathematics is MathML, figures are addresses under `/assets/`. */
  readonly html: string
}

/** Renders a text by itself: paragraphs, lists, figures. */
export function renderMarkdown(markdown: string, figures: Readonly<Record<string, string>> = {}): RichText {
  const tokens = parser.parse(markdown, {})
  for (const token of tokens) {
    for (const child of token.children ?? []) {
      if (child.type !== 'image') continue
      const file = figures[child.attrGet('src') ?? '']
      child.attrSet('src', file === undefined ? '' : `/assets/${file}`)
    }
  }
  return {
    markdown,
    html: sanitizeHtml(parser.renderer.render(tokens, parser.options, {}), sanitizer).trim(),
  }
}

/** The images that a Markdown text names, each with its line, counted from 0. */
export function findImages(markdown: string): { path: string; alt: string; line: number }[] {
  return inlineTokens(markdown, 'image').map(({ token, line }) => ({
    path: String(token.attrGet('src') ?? ''),
    alt: token.content,
    line,
  }))
}

/** The formulas of a Markdown text that are no TeX, each with what KaTeX says and its line, counted from 0. */
export function findMathFaults(markdown: string): { reason: string; line: number }[] {
  return inlineTokens(markdown, ...inlineMath, ...blockMath).flatMap(({ token, line }) => {
    try {
      renderMath(token, { trust: refuseCommand, throwOnError: true })
      return []
    } catch (error) {
      return [{ reason: error instanceof Error ? error.message : String(error), line }]
    }
  })
}

function renderMath(
  token?: { type: string; content: string },
  options: KatexOptions = { throwOnError: false },
) {
  if (!token) return ''
  return katex.renderToString(token.content, {
    ...mathOptions,
    ...options,
    displayMode: blockMath.has(token.type),
  })
}

/** KaTeX asks before it makes a link, an image or markup of a formula. */
function refuseCommand({ command }: { command: string }): never {
  throw new Error(`${command} is not allowed in a formula`)
}

/** The tokens of the given types, blocks among them, with the line on which each stands or its paragraph begins. */
function inlineTokens(markdown: string, ...types: string[]) {
  return parser.parse(markdown, {}).flatMap(block => {
    let line = block.map?.[0] ?? 0
    if (types.includes(block.type)) return [{ token: block, line }]
    return (block.children ?? []).flatMap(token => {
      if (token.type === 'softbreak' || token.type === 'hardbreak') line++
      return types.includes(token.type) ? [{ token, line }] : []
    })
  })
}
