import { auditServer } from 'graphql-http'
import t from 'tap'
import { startGraphql } from '../support/graphql-server.js'

t.test('GraphQL over HTTP', async t => {
  const { app, ask, counted, url } = await startGraphql(t)

  t.test('passes the audit of graphql-http without an error', async t => {
    const results = await auditServer({ url })
    t.strictSame(
      results.flatMap(result => (result.status === 'error' ? [result.name] : [])),
      [],
    )
    t.ok(results.length > 50, 'the audit ran')
  })

  t.test('answers a query, its scalars as standards write them', async t => {
    t.strictSame((await ask('{ hello now }')).json().data, {
      hello: 'world',
      now: '1970-01-01T00:00:00.000Z',
    })
  })

  t.test('refuses a document with several operations, whichever was asked for', async t => {
    const response = await app.inject({
      method: 'POST',
      url: '/graphql',
      payload: { query: 'query A { hello } mutation B { count }', operationName: 'A' },
    })
    t.equal(response.statusCode, 400)
    t.match(response.json(), { errors: [{ extensions: { code: 'SEVERAL_OPERATIONS' } }] })
    t.equal(counted(), 0)
  })

  t.test('refuses a mutation over GET, once and again', async t => {
    for (let time = 0; time < 3; time++) {
      const response = await app.inject(`/graphql?query=${encodeURIComponent('mutation { count }')}`)
      t.equal(response.statusCode, 405)
    }
    t.equal(counted(), 0)
  })

  t.test('refuses what a form of another site can send', async t => {
    const query = JSON.stringify({ query: 'mutation { count }' })
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
    ]) {
      const response = await app.inject({
        method: 'POST',
        url: '/graphql',
        headers: { 'content-type': type },
        payload: query,
      })
      t.equal(response.statusCode, 415, type)
    }
    t.equal(counted(), 0)
  })

  t.test('refuses a batch', async t => {
    const payload = [{ query: '{ hello }' }, { query: '{ hello }' }]
    t.equal((await app.inject({ method: 'POST', url: '/graphql', payload })).statusCode, 400)
  })

  t.test('refuses a syntax tree in the place of a text, and what is no document', async t => {
    const { parse } = await import('graphql')
    for (const query of [JSON.stringify(parse('{ hello }')), 'null', '123', '{}', '']) {
      t.equal((await ask(query)).statusCode, 400, query.slice(0, 20))
    }
  })

  t.test("shows a domain's error with its code, the answer being one that ran", async t => {
    const response = await ask('{ missing }')
    t.equal(response.statusCode, 200)
    t.match(response.json(), {
      data: { missing: null },
      errors: [{ path: ['missing'], extensions: { code: 'NOT_FOUND' } }],
    })
    t.match((await ask('{ strict }')).json(), { data: null, errors: [{ extensions: { code: 'NOT_FOUND' } }] })
  })

  t.test('hides what an unknown error says, compiled or not', async t => {
    for (let time = 0; time < 3; time++) {
      const response = await ask('{ broken }')
      t.notMatch(response.body, /12345/)
      t.match(response.json().errors[0].extensions, { code: 'INTERNAL', requestId: /./ })
    }
  })

  t.test('bounds aliases, directives, depth and tokens', async t => {
    const many = (count: number, text: (n: number) => string) =>
      Array.from({ length: count }, (_, index) => text(index)).join(' ')
    const deep = (depth: number) => `${'{ tree '.repeat(depth)}{ leaf }${' }'.repeat(depth)}`
    t.equal((await ask(deep(11))).statusCode, 200)
    for (const query of [
      `{ ${many(31, n => `a${n}: __typename`)} }`,
      `{ hello ${many(11, () => '@include(if: true)')} }`,
      deep(12),
      `{ ${many(2001, () => 'hello')} }`,
    ]) {
      t.equal((await ask(query)).statusCode, 400, query.slice(0, 30))
    }
  })

  t.test('counts depth and aliases through fragments, however they are split', async t => {
    const fragments = Array.from({ length: 12 }, (_, n) => `fragment F${n} on Tree { tree { ...F${n + 1} } }`)
    const deep = `{ tree { ...F0 } } ${fragments.join(' ')} fragment F12 on Tree { leaf }`
    t.match((await ask(deep)).json(), { errors: [{ extensions: { code: 'DOCUMENT_TOO_COMPLEX' } }] })
    const aliases = (from: number) => Array.from({ length: 20 }, (_, n) => `a${from + n}: leaf`).join(' ')
    const wide = `{ tree { ...A ...B } } fragment A on Tree { ${aliases(0)} } fragment B on Tree { ${aliases(20)} }`
    t.match((await ask(wide)).json(), { errors: [{ extensions: { code: 'DOCUMENT_TOO_COMPLEX' } }] })
    const circle =
      '{ tree { ...A } } fragment A on Tree { tree { ...B } } fragment B on Tree { tree { ...A } }'
    t.equal((await ask(circle)).statusCode, 400)
  })

  t.test('refuses a list within itself, which would multiply the answer', async t => {
    t.equal((await ask('{ tree { trees { leaf other { trees { leaf } } } } }')).statusCode, 200)
    for (const query of [
      '{ tree { trees { trees { leaf } } } }',
      '{ tree { trees { tree { ... on Tree { trees { leaf } } } } } }',
      '{ tree { ...A } } fragment A on Tree { trees { tree { ...B } } } fragment B on Tree { trees { leaf } }',
    ]) {
      const response = await ask(query)
      t.equal(response.statusCode, 400, query)
      t.match(response.json(), { errors: [{ extensions: { code: 'LIST_IN_ITSELF', field: 'Tree.trees' } }] })
    }
  })

  t.test('bounds how many items of lists are asked for, before anything runs', async t => {
    const asks = async (nodes: number | null, query: string, variables?: object) => {
      // The second time it is compiled.
      for (let time = 0; time < 3; time++) {
        const { statusCode, json } = await ask(query, variables)
        t.equal(statusCode, nodes === null ? 200 : 400, query)
        if (nodes === null) return
        t.match(json().errors, [
          {
            message: new RegExp(`asks for up to ${nodes} items .* at most 20000 `),
            extensions: { code: 'TOO_MANY_NODES', nodes, limit: 20_000 },
          },
        ])
      }
    }
    const twigs = (page: string, within: string) =>
      `tree { other { twigs${page} { edges { node { ${within} } } } } }`
    const leaves = 'leaves(first: 1000) { name }'
    await asks(null, `{ ${twigs('(first: 19)', leaves)} }`)
    // The default of a connection is 20, that of the list of leaves 100, a list without pages counts as it assumes.
    await asks(20 * 1001, `{ ${twigs('', leaves)} }`)
    await asks(20 * 1001, `{ ${twigs('(first: null)', leaves)} }`)
    await asks(200 * 101, `{ ${twigs('(last: 200)', 'leaves { name }')} }`)
    await asks(
      100 * (1 + 10 * (1 + 20)),
      `{ ${twigs('(first: 100)', `trees { other { leaves(first: 20) { name } } }`)} }`,
    )
    await asks(
      null,
      `{ ${twigs('(first: 1000000)', 'trees { leaf }').replace(/edges.*/, 'totalCount } } }')} }`,
    )
    // Aliases and fragments count each time, a field that is left out does not.
    const aliases = Array.from({ length: 20 }, (_, n) => `a${n}: leaves(first: 1001) { name }`).join(' ')
    await asks(20_020, `{ tree { other { ${aliases} } } }`)
    const spread = `{ tree { other { twigs { edges { node { ...A } } } } } } fragment A on Other { ...B }`
    await asks(20_020, `${spread} fragment B on Other { ${leaves} }`)
    const maybe = `query ($all: Boolean!) { ${twigs('', 'leaves(first: 1000) @include(if: $all) { name }')} }`
    await asks(20_020, maybe, { all: true })
    await asks(null, maybe, { all: false })
    const paged = `query ($first: Int = 21, $leaves: Int!) { ${twigs('(first: $first)', 'leaves(first: $leaves) { name }')} }`
    await asks(null, paged, { leaves: 900 })
    await asks(21 * 1001, paged, { leaves: 1000 })
    await asks(200 * 901, paged, { first: 200, leaves: 900 })
    await asks(null, paged, { first: 1, leaves: 1000 })
    for (let time = 0; time < 3; time++) {
      t.equal((await ask(paged, { leaves: 'many' })).statusCode, 400, 'what is no number is none')
    }
  })

  t.test('refuses fragments that unfold into far more than their text', async t => {
    for (const [depth, times] of [
      [60, 2],
      [9, 80],
    ] as const) {
      const spread = (n: number) => `...F${n} `.repeat(times)
      const fragments = Array.from(
        { length: depth },
        (_, n) => `fragment F${n} on Other { ${spread(n + 1)} }`,
      )
      const query = `{ tree { other { ...F0 } } } ${fragments.join(' ')} fragment F${depth} on Other { leaves { name } }`
      for (let time = 0; time < 3; time++) t.equal((await ask(query)).statusCode, 400)
    }
  })

  t.test('refuses introspection that goes round in circles', async t => {
    const query = '{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }'
    t.equal((await ask(query)).statusCode, 400)
  })

  t.test('suggests names in development', async t => {
    t.match((await ask('{ helo }')).body, /Did you mean/)
  })
})

t.test('GraphQL in production', async t => {
  const { ask } = await startGraphql(t, { LYCEUM_GRAPHIQL: 'false' })

  t.test('tells neither the schema nor names that are close', async t => {
    t.equal((await ask('{ __schema { types { name } } }')).statusCode, 400)
    const responses = await Promise.all([ask('{ helo }'), ask('{ size(of: SMAL) }')])
    for (const response of responses) {
      t.equal(response.statusCode, 400)
      t.notMatch(response.body, /Did you mean|hello|SMALL/)
    }
  })
})
