import { z } from 'zod'
import { Prisma } from '../../platform/database.js'
import type { Slice } from '../../platform/pagination.js'

/** A list of runs that is sorted by numbers, then by id, so that no two have the same place. */
export interface Keyset<Row> {
  /** SQL of the numbers, none of them null. */
  readonly columns: readonly Prisma.Sql[]
  /** SQL of the run's id. */
  readonly id: Prisma.Sql
  /** The same of a row, to the bit. */
  placeOf(row: Row): { readonly numbers: readonly number[]; readonly id: string }
}

const number = '-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?'

/** What a cursor of the list may hold: its numbers and the id, joined. */
export function keyOfKeyset<Row>({ columns }: Keyset<Row>): z.ZodType<string> {
  const pattern = new RegExp(`^(?:${number}_){${columns.length}}[0-9a-f-]{36}$`)
  return z.string().regex(pattern).refine(isPlace)
}

export function keyOfRow<Row>(keyset: Keyset<Row>, row: Row): string {
  const { numbers, id } = keyset.placeOf(row)
  return [...numbers, id].join('_')
}

/** SQL that holds for the rows within the bounds. */
export function isWithin<Row>({ columns, id }: Keyset<Row>, bounds: Slice<string>['bounds']): Prisma.Sql {
  const place = Prisma.join([...columns, id])
  const conditions = (['gt', 'gte', 'lt', 'lte'] as const).flatMap(name => {
    const bound = bounds[name]
    return bound === undefined ? [] : [Prisma.sql`(${place}) ${operators[name]} (${placeIn(bound)})`]
  })
  return conditions.length === 0 ? Prisma.sql`true` : Prisma.join(conditions, ' AND ')
}

/** SQL of the order, without ORDER BY. */
export function orderBy<Row>({ columns, id }: Keyset<Row>, order: 'asc' | 'desc'): Prisma.Sql {
  const direction = order === 'asc' ? Prisma.sql`ASC` : Prisma.sql`DESC`
  return Prisma.join([...columns, id].map(column => Prisma.sql`${column} ${direction}`))
}

const operators = {
  gt: Prisma.sql`>`,
  gte: Prisma.sql`>=`,
  lt: Prisma.sql`<`,
  lte: Prisma.sql`<=`,
}

function placeIn(key: string): Prisma.Sql {
  const parts = key.split('_')
  const numbers = parts.slice(0, -1).map(part => Prisma.sql`${Number(part)}::double precision`)
  return Prisma.join([...numbers, Prisma.sql`${parts.at(-1)}::uuid`])
}

function isPlace(key: string): boolean {
  const parts = key.split('_')
  return (
    parts.slice(0, -1).every(part => Number.isFinite(Number(part))) &&
    z.uuid().safeParse(parts.at(-1)).success
  )
}
