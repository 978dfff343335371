import katex from '@vscode/markdown-it-katex'
import MarkdownIt from 'markdown-it'
import sanitizeHtml from 'sanitize-html'

/** Raw HTML in Markdown is shown as text. */
const parser = new MarkdownIt({ html: false, linkify: false, typographer: false }).use(katex.default, {
  // Passed on to KaTeX: browsers show MathML by themselves, so a frontend needs no style sheet and no fonts.
  ...{ output: 'mathml', trust: false, maxExpand: 1000, maxSize: 50 },
  throwOnError: false,
})
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
export function findImages(markdown: string): { path: string; line: number }[] {
  return parser
    .parse(markdown, {})
    .flatMap(token =>
      (token.children ?? [])
        .filter(child => child.type === 'image')
        .map(child => ({ path: String(child.attrGet('src') ?? ''), line: token.map?.[0] ?? 0 })),
    )
}

/** The first formula of a Markdown text that is no TeX, as KaTeX says it. */
export function findMathFault(markdown: string): string | undefined {
  const fault = /<[^>]*class="katex-error"[^>]*title="([^"]*)"/.exec(parser.render(markdown))
  return fault?.[1]
}
