import { z } from 'zod'
import { invalidInput } from './errors.js'

const defaultPage = 20
const largestPage = 100

/** How a page of a list is asked for, on both faces. */
export const pageInput = z.object({
  first: z.coerce.number().int().min(1).max(largestPage).default(defaultPage),
  after: z.string().max(200).nullish(),
})
export type PageInput = z.output<typeof pageInput>

/** A page as REST sends it. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: z.array(item),
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
  })

export interface Page<Item> {
  readonly items: readonly Item[]
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
}

/** Opaque to a client: the key of the last row that it has seen. */
export function encodeCursor(key: string): string {
  return Buffer.from(key, 'utf8').toString('base64url')
}

/** @throws INVALID_INPUT where the cursor is none of ours. */
export function decodeCursor<Key extends z.ZodType>(cursor: string, key: Key): z.output<Key> {
  const parsed = key.safeParse(Buffer.from(cursor, 'base64url').toString('utf8'))
  if (parsed.success) return parsed.data
  throw invalidInput([
    { path: 'after', message: "is no cursor of this list: give the 'endCursor' of a page" },
  ])
}

/** A page from rows of which one more was read than the page holds. */
export function toPage<Row>(
  rows: readonly Row[],
  { first }: PageInput,
  keyOf: (row: Row) => string,
): Page<Row> {
  const items = rows.slice(0, first)
  const last = items.at(-1)
  return {
    items,
    pageInfo: {
      hasNextPage: rows.length > first,
      endCursor: last === undefined ? null : encodeCursor(keyOf(last)),
    },
  }
}

/** The same page as a Relay connection. */
export function toConnection<Row>(page: Page<Row>, keyOf: (row: Row) => string, totalCount: number) {
  const edges = page.items.map(node => ({ node, cursor: encodeCursor(keyOf(node)) }))
  return {
    edges,
    totalCount,
    pageInfo: { ...page.pageInfo, hasPreviousPage: false, startCursor: edges[0]?.cursor ?? null },
  }
}
