import { z } from 'zod'
import { invalidInput } from './errors.js'
import { parseInput } from './parse.js'

/** How many items a page has where nothing is said. */
export const defaultPage = 20
const largestPage = 100

const size = z.coerce.number().int().min(1).max(largestPage).optional()
const cursor = z.string().min(1).max(200).optional()

/** How a page of a list is asked for, on both faces: the arguments of a Relay connection. */
export const pageInput = z.object({
  first: size.describe(
    `So many from the beginning, or from 'after' on; ${defaultPage} where nothing is said.`,
  ),
  after: cursor.describe('The cursor after which the page begins.'),
  last: size.describe("So many before the end, or before 'before'."),
  before: cursor.describe('The cursor before which the page ends.'),
})
export type PageInput = z.output<typeof pageInput>

/** The arguments of a connection's field: GraphQL lets a client send null for what it leaves out. */
export function parsePage(args: { readonly [Name in keyof PageInput]?: unknown }): PageInput {
  const { first, after, last, before } = args
  const given = Object.entries({ first, after, last, before }).filter(
    ([, value]) => value !== null && value !== undefined,
  )
  return parseInput(pageInput, Object.fromEntries(given))
}

const pageInfo = z.object({
  hasNextPage: z.boolean(),
  hasPreviousPage: z.boolean(),
  startCursor: z.string().nullable(),
  endCursor: z.string().nullable(),
})

/** A page as REST sends it. */
export const pageOf = <Item extends z.ZodType>(item: Item) => z.object({ items: z.array(item), pageInfo })

export interface Page<Item> {
  readonly items: readonly Item[]
  readonly pageInfo: Readonly<z.output<typeof pageInfo>>
}

/** Opaque to a client: the key of a row that it has seen. */
export function encodeCursor(key: string): string {
  return Buffer.from(key, 'utf8').toString('base64url')
}

/** Rows to read: those whose key lies within the bounds, in this order, at most so many. */
export interface Slice<Key> {
  readonly bounds: { readonly gt?: Key; readonly gte?: Key; readonly lt?: Key; readonly lte?: Key }
  readonly order: 'asc' | 'desc'
  readonly take: number
}

export interface PagedList<Row, Key extends string> {
  readonly key: z.ZodType<Key>
  /** How the list is sorted by that key, which is unique. */
  readonly order: 'asc' | 'desc'
  keyOf(row: Row): Key
  read(slice: Slice<Key>): Promise<readonly Row[]>
}

/**
 * A page of a list by the algorithm of the Relay specification (section 4, pagination). One slice is read, and
 * with a cursor one row more, to know whether anything lies behind it.
 *
 * @throws INVALID_INPUT for both `first` and `last`, and for a cursor that is none of this list's
 */
export async function readPage<Row, Key extends string>(
  input: PageInput,
  list: PagedList<Row, Key>,
): Promise<Page<Row>> {
  if (input.first !== undefined && input.last !== undefined) {
    throw invalidInput([{ path: 'last', message: "give 'first' or 'last', not both" }])
  }
  const after = decodeCursor('after', input.after, list.key)
  const before = decodeCursor('before', input.before, list.key)
  const backward = input.last !== undefined
  const limit = input.last ?? input.first ?? defaultPage
  const ascending = list.order === 'asc'
  const reverse = ascending ? 'desc' : 'asc'

  const following = after === undefined ? {} : ascending ? { gt: after } : { lt: after }
  const preceding = before === undefined ? {} : ascending ? { lt: before } : { gt: before }
  const [found, upToAfter, fromBefore] = await Promise.all([
    list.read({
      bounds: { ...following, ...preceding },
      order: backward ? reverse : list.order,
      take: limit + 1,
    }),
    after === undefined || backward
      ? []
      : list.read({ bounds: ascending ? { lte: after } : { gte: after }, order: reverse, take: 1 }),
    before === undefined || !backward
      ? []
      : list.read({ bounds: ascending ? { gte: before } : { lte: before }, order: list.order, take: 1 }),
  ])
  const more = found.length > limit
  const items = backward ? found.slice(0, limit).reverse() : found.slice(0, limit)
  const [start, end] = [items.at(0), items.at(-1)]
  return {
    items,
    pageInfo: {
      hasNextPage: backward ? fromBefore.length > 0 : more,
      hasPreviousPage: backward ? more : upToAfter.length > 0,
      startCursor: start === undefined ? null : encodeCursor(list.keyOf(start)),
      endCursor: end === undefined ? null : encodeCursor(list.keyOf(end)),
    },
  }
}

/** Reads a slice of rows that are all in memory. */
export function sliceOf<Row, Key extends string>(
  rows: readonly Row[],
  keyOf: (row: Row) => Key,
  { bounds: { gt, gte, lt, lte }, order, take }: Slice<Key>,
): Row[] {
  const within = rows
    .map(row => ({ row, key: keyOf(row) }))
    .filter(({ key }) => (gt === undefined || key > gt) && (gte === undefined || key >= gte))
    .filter(({ key }) => (lt === undefined || key < lt) && (lte === undefined || key <= lte))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
  if (order === 'desc') within.reverse()
  return within.slice(0, take).map(({ row }) => row)
}

/** A page as a Relay connection. */
export function toConnection<Row>(page: Page<Row>, keyOf: (row: Row) => string, totalCount: number) {
  const edges = page.items.map(node => ({ node, cursor: encodeCursor(keyOf(node)) }))
  return { edges, totalCount, pageInfo: page.pageInfo }
}

function decodeCursor<Key extends string>(
  argument: 'after' | 'before',
  given: string | undefined,
  key: z.ZodType<Key>,
): Key | undefined {
  if (given === undefined) return undefined
  const parsed = key.safeParse(Buffer.from(given, 'base64url').toString('utf8'))
  // Decoding is lenient: many a text would pass for the same cursor.
  if (parsed.success && encodeCursor(parsed.data) === given) return parsed.data
  throw invalidInput([
    { path: argument, message: 'is no cursor of this list: give one that came with a page' },
  ])
}
