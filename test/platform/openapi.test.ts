import { createConfig, lintFromString } from '@redocly/openapi-core'
import t from 'tap'
import { z } from 'zod'
import { startTestApp } from '../support/app.js'

const operation = z.object({
  operationId: z.string(),
  tags: z.array(z.string()).min(1),
  security: z.array(z.record(z.string(), z.array(z.string()))),
})
const document = z.object({
  openapi: z.literal('3.1.0'),
  tags: z.array(z.object({ name: z.string(), description: z.string() })),
  paths: z.record(z.string(), z.record(z.string(), operation)),
})

t.test('The OpenAPI document', async t => {
  const { app } = await startTestApp(t)
  const response = await app.inject('/api/v1/openapi.json')
  const { tags, paths } = document.parse(response.json())
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, found]) => ({ path, method: method.toUpperCase(), ...found })),
  )
  const needUser = operations.filter(
    ({ security }) => security.length > 0 && security.every(one => Object.keys(one).length > 0),
  )

  await t.test('is valid, with every operation described, secured and answering errors', async t => {
    const config = await createConfig({
      extends: ['recommended-strict'],
      rules: {
        // Where it is served is for who serves it; and files and streams have no schema of ours.
        'no-server-example.com': 'off',
        'no-unused-components': 'off',
        'operation-operationId': 'error',
        'operation-operationId-unique': 'error',
        'operation-singular-tag': 'error',
        'tag-description': 'error',
        'security-defined': 'error',
        'no-unresolved-refs': 'error',
        'operation-4xx-problem-details-rfc7807': 'error',
      },
    })
    const problems = await lintFromString({ source: response.body, config })
    t.strictSame(
      problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer ?? ''}`),
      [],
    )
  })

  await t.test('names every route of /api/v1', async t => {
    const described = new Set(operations.map(({ method, path }) => `${method} ${path}`))
    const routes = routesOf(app.printRoutes({ commonPrefix: false })).filter(
      route =>
        route.includes(' /api/v1') && !route.includes('openapi.json') && !/^(HEAD|OPTIONS)/.test(route),
    )
    t.ok(routes.length > 30)
    t.strictSame(
      routes.filter(route => !described.has(route)),
      [],
    )
    const used = new Set(operations.flatMap(({ tags }) => tags))
    t.strictSame(new Set(tags.map(({ name }) => name)), used, 'and its tags are those that are used')
  })

  await t.test('is kept: who is not signed in gets a 401 problem wherever it asks for a user', async t => {
    t.ok(needUser.length > 20)
    for (const { method, path } of needUser) {
      const url = path.replaceAll(/\{\w+\}/g, 'x')
      const answer = await app.inject({ url, method: methodOf(method) })
      t.match(
        [
          answer.statusCode,
          answer.headers['content-type'],
          answer.headers['www-authenticate'],
          answer.json(),
        ],
        [401, 'application/problem+json; charset=utf-8', /^Bearer/, { code: 'UNAUTHENTICATED', status: 401 }],
        `${method} ${path}`,
      )
    }
  })

  await t.test('is kept: what needs nobody is refused to nobody', async t => {
    for (const { method, path } of operations.filter(one => !needUser.includes(one))) {
      const url = path.replaceAll(/\{\w+\}/g, 'x')
      t.not((await app.inject({ url, method: methodOf(method) })).statusCode, 401, `${method} ${path}`)
    }
  })
})

const methodOf = (text: string) => z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).parse(text)

/** `GET /api/v1/runs/{id}` of the indented tree that Fastify prints. */
function routesOf(tree: string): string[] {
  const routes: string[] = []
  const open: string[] = []
  for (const line of tree.split('\n')) {
    const [, indent = '', path = '', methods = ''] =
      /^([│ ]*[├└]── )(.*?) ?(?:\(([A-Z, ]+)\))?$/.exec(line) ?? []
    const depth = indent.length / 4
    open.splice(depth - 1)
    open.push(path)
    const url = open.join('').replaceAll(/:(\w+)/g, '{$1}')
    for (const method of methods.split(', ').filter(name => name !== '')) routes.push(`${method} ${url}`)
  }
  return routes
}
