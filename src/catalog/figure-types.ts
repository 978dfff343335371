/** What a figure can be, by the extension of its file. */
export const figureMediaTypes: Readonly<Record<string, string>> = { svg: 'image/svg+xml', png: 'image/png' }
