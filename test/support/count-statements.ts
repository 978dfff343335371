import pg from 'pg'
import type { Test } from 'tap'

/** Counts the SQL statements of this process whose text matches. */
export function countStatements(t: Test, pattern: RegExp): { statements(): number } {
  const { query } = pg.Client.prototype
  let count = 0
  t.intercept(pg.Client.prototype, 'query', {
    value(this: pg.Client, ...args: unknown[]) {
      const [asked] = args
      const text = typeof asked === 'object' && asked !== null && 'text' in asked ? asked.text : asked
      if (pattern.test(String(text))) count++
      return Reflect.apply(query, this, args)
    },
  })
  return { statements: () => count }
}
