import { isDeepStrictEqual } from 'node:util'

/** A place where specs differ. */
export interface SpecDifference {
  /** Names joined by dots, as a search of runs takes them: `optimizer.name`. */
  path: string
  /** What each spec says there, in their order; null where it says nothing. */
  values: unknown[]
}

/** Where specs differ, by path. Objects are gone into; a list is one value. */
export function compareSpecs(specs: readonly unknown[]): SpecDifference[] {
  return compare('', specs).sort((a, b) => (a.path < b.path ? -1 : 1))
}

function compare(path: string, values: readonly unknown[]): SpecDifference[] {
  if (values.every(value => isDeepStrictEqual(value, values[0]))) return []
  const names = values.every(value => value === undefined || isObject(value))
    ? new Set(values.filter(isObject).flatMap(Object.keys))
    : []
  const within = [...names].flatMap(name =>
    compare(
      path === '' ? name : `${path}.${name}`,
      values.map(value => (isObject(value) ? value[name] : undefined)),
    ),
  )
  // One that says nothing and one that says `{}` differ, and yet in nothing within.
  return within.length > 0 ? within : [{ path, values: values.map(value => value ?? null) }]
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
