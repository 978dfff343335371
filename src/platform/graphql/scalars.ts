import { GraphQLError, GraphQLScalarType } from 'graphql'

const dateTime = new GraphQLScalarType<Date, string>({
  name: 'DateTime',
  description: 'A moment in UTC, as RFC 3339 writes it.',
  serialize(value) {
    if (value instanceof Date) return value.toISOString()
    throw new GraphQLError('A DateTime is served from a Date')
  },
  parseValue(value) {
    const date = typeof value === 'string' ? new Date(value) : undefined
    if (date === undefined || Number.isNaN(date.getTime()))
      throw new GraphQLError('must be an RFC 3339 date-time')
    return date
  },
})

const json = new GraphQLScalarType({ name: 'JSON', description: 'Any JSON value.' })

export const scalars = { DateTime: dateTime, JSON: json }
