import t from 'tap'
import { z } from 'zod'
import { encodeCursor, type PageInput, parsePage, readPage, sliceOf } from '../../src/platform/pagination.js'
import { startTestApp } from '../support/app.js'
import { createUser } from '../support/users.js'

const keys = ['a', 'b', 'c', 'd', 'e']

function pageOfKeys(order: 'asc' | 'desc', input: PageInput, rows: readonly string[] = keys) {
  const keyOf = (row: string) => row
  return readPage(input, {
    key: z.string().length(1),
    order,
    read: async slice => sliceOf(rows, keyOf, slice),
    keyOf,
  })
}

/** The algorithm of the Relay cursor connections specification, section 4.4, word for word. */
function relay(edges: readonly string[], { first, after, last, before }: PageInput) {
  let within = [...edges]
  const afterEdge = edges.find(edge => encodeCursor(edge) === after)
  if (afterEdge !== undefined) within = within.slice(within.indexOf(afterEdge) + 1)
  const beforeEdge = edges.find(edge => encodeCursor(edge) === before)
  if (beforeEdge !== undefined) {
    const end = within.indexOf(beforeEdge)
    within = end < 0 ? [] : within.slice(0, end)
  }
  let page = [...within]
  if (first !== undefined && page.length > first) page = page.slice(0, first)
  if (last !== undefined && page.length > last) page = page.slice(-last)
  return {
    page,
    // What the specification lets a server answer where it can: we can where a cursor bounds that side.
    hasPreviousPage: last !== undefined ? within.length > last : afterEdge !== undefined,
    hasNextPage: first !== undefined ? within.length > first : beforeEdge !== undefined,
  }
}

t.test('A page is what the Relay specification says, for every combination of arguments', async t => {
  const cursors = [undefined, ...keys.map(encodeCursor)]
  let compared = 0
  for (const order of ['asc', 'desc'] as const) {
    const edges = order === 'asc' ? keys : [...keys].reverse()
    for (const after of cursors) {
      for (const before of cursors) {
        for (const size of [1, 2, 5, 6]) {
          for (const input of [
            { first: size, after, before },
            { last: size, after, before },
          ]) {
            const { items, pageInfo } = await pageOfKeys(order, input)
            const { page, hasNextPage, hasPreviousPage } = relay(edges, input)
            const found = { page: items, ...pageInfo }
            const start = page[0] === undefined ? null : encodeCursor(page[0])
            const end = page.length === 0 ? null : encodeCursor(page.at(-1) ?? '')
            const expected = { page, hasNextPage, hasPreviousPage, startCursor: start, endCursor: end }
            compared++
            if (JSON.stringify(sorted(found)) !== JSON.stringify(sorted(expected))) {
              t.strictSame(found, expected, JSON.stringify({ order, ...input }))
            }
          }
        }
      }
    }
  }
  t.equal(compared, 2 * 36 * 8)
})

t.test('A list can be walked in both directions, each item once', async t => {
  const forward: string[] = []
  for (let after: string | undefined, more = true; more; ) {
    const { items, pageInfo } = await pageOfKeys('desc', { first: 2, after })
    forward.push(...items)
    after = pageInfo.endCursor ?? undefined
    more = pageInfo.hasNextPage
  }
  t.strictSame(forward, [...keys].reverse())
  const backward: string[] = []
  for (let before: string | undefined, more = true; more; ) {
    const { items, pageInfo } = await pageOfKeys('desc', { last: 2, before })
    backward.unshift(...items)
    before = pageInfo.startCursor ?? undefined
    more = pageInfo.hasPreviousPage
  }
  t.strictSame(backward, [...keys].reverse())
})

t.test('A cursor whose row is gone still marks its place', async t => {
  const gone = encodeCursor('c')
  const { items, pageInfo } = await pageOfKeys('asc', { first: 9, after: gone }, ['a', 'b', 'd'])
  t.strictSame([items, pageInfo.hasPreviousPage], [['d'], true])
})

t.test('What is no page is refused with the place named', async t => {
  const refused = async (input: PageInput) => {
    const error = await pageOfKeys('asc', input).catch(error => error)
    return [error.code, error.details.problems[0].path]
  }
  t.strictSame(await refused({ first: 1, last: 1 }), ['INVALID_INPUT', 'last'])
  t.strictSame(await refused({ after: 'nonsense' }), ['INVALID_INPUT', 'after'])
  t.strictSame(await refused({ before: encodeCursor('too long') }), ['INVALID_INPUT', 'before'])
  t.strictSame(await refused({ before: `${encodeCursor('a')}==` }), ['INVALID_INPUT', 'before'])
  for (const first of [0, 101, -1, 1.5, 'many']) {
    t.throws(() => parsePage({ first }), { code: 'INVALID_INPUT', message: /first/ })
  }
  t.strictSame(parsePage({ first: null, after: null }), {})
  t.equal((await pageOfKeys('asc', {}, [...'abcdefghijklmnopqrstuvwxyz'])).items.length, 20)
})

t.test('Both faces page a list alike', async t => {
  const testApp = await startTestApp(t)
  const { headers } = await createUser(testApp, { role: 'ADMIN', email: 'u0@lyceum.test' })
  for (const n of [1, 2, 3]) await createUser(testApp, { email: `u${n}@lyceum.test` })
  const rest = async (query: string) => testApp.app.inject({ url: `/api/v1/users?${query}`, headers })
  const graphql = async (args: string) => {
    const query = `{ users(${args}) { edges { node { email } cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`
    return testApp.app.inject({ method: 'POST', url: '/graphql', headers, payload: { query } })
  }

  const { edges } = (await graphql('first: 4')).json().data.users
  for (const [first, last] of [
    [`first=2&after=${edges[0].cursor}`, `first: 2, after: "${edges[0].cursor}"`],
    [`last=2&before=${edges[3].cursor}`, `last: 2, before: "${edges[3].cursor}"`],
  ] as const) {
    const page = (await rest(first)).json()
    const connection = (await graphql(last)).json().data.users
    t.strictSame(
      page.items.map((user: { email: string }) => user.email),
      ['u1@lyceum.test', 'u2@lyceum.test'],
    )
    t.strictSame(
      connection.edges.map((edge: { node: { email: string } }) => edge.node.email),
      ['u1@lyceum.test', 'u2@lyceum.test'],
    )
    t.strictSame(page.pageInfo, connection.pageInfo)
    t.match(page.pageInfo, { hasNextPage: true, hasPreviousPage: true })
  }

  t.test('and refuse alike', async t => {
    for (const [query, args, place] of [
      ['first=1&last=1', 'first: 1, last: 1', 'last'],
      ['after=x', 'after: "x"', 'after'],
      ['first=101', 'first: 101', 'first'],
      ['last=0', 'last: 0', 'last'],
    ] as const) {
      const problem = await rest(query)
      t.equal(problem.statusCode, 400)
      t.match(problem.json(), { code: 'INVALID_INPUT', detail: new RegExp(place) })
      const { errors } = (await graphql(args)).json()
      t.match(errors[0], { message: new RegExp(place), extensions: { code: 'INVALID_INPUT' } })
    }
  })
})

function sorted(value: object) {
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
}
