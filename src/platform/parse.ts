import type { z } from 'zod'
import { invalidInput } from './errors.js'

/**
 * Parses what comes from outside. Throws INVALID_INPUT, which names every place that is wrong.
 *
 * @param at the place of `value` in the whole input, for the messages: `input.answers`
 */
export function parseInput<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  at = '',
): z.output<Schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw invalidInput(
    parsed.error.issues.map(issue => ({
      path: [at, ...issue.path.map(String)].filter(part => part !== '').join('.'),
      message: issue.message,
    })),
  )
}
