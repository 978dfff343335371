import t from 'tap'
import { countStatements } from '../support/count-statements.js'
import { createUser } from '../support/users.js'
import { openUniversity } from './university.js'

t.test('searching runs', async t => {
  const university = await openUniversity(t)
  const { deps, owner, instructor, post, ask } = university
  const { database } = deps
  const admin = await createUser(university, { role: 'ADMIN' })
  const student = await createUser(university)

  const specs: Record<string, object> = {
    adam: { optimizer: { name: 'adam', beta1: 0.9 }, learningRate: 0.001, batchSize: 128, seed: 1 },
    sgd: { optimizer: { name: 'sgd', momentum: 0.9 }, learningRate: 0.1, batchSize: 64, seed: 2 },
    odd: {
      optimizer: { name: 'adam' },
      learningRate: 0.001,
      batchSize: 64,
      classes: [3, 5],
      trainingImages: 500,
    },
    open: { optimizer: { name: 'rmsprop' }, learningRate: 'fast', batchSize: 32 },
  }
  const results: Record<string, object> = {
    adam: { testAccuracy: 0.97, testLoss: 0.1, seconds: 20 },
    sgd: { testAccuracy: 0.97, testLoss: 0.2, seconds: 10 },
    odd: { testAccuracy: 0.991, testLoss: 0.05, seconds: 30 },
  }
  const ids: Record<string, string> = {}
  for (const [name, spec] of Object.entries(specs)) {
    const result = results[name]
    const ofLab = name === 'adam' ? { labId: 'tea-lab', courseId: 'tea' } : {}
    const { id } = await database.trainingRun.create({
      data: {
        ...{ name, ownerId: instructor.userId, spec: { architecture: 'lenet-5', dataset: 'mnist', ...spec } },
        ...ofLab,
        ...(result ? { result, status: 'SUCCEEDED', provenance: { parameters: 1000 + name.length } } : {}),
        ...(name === 'odd' ? { tags: ['week 3', 'odd'], notes: '100% of _it_' } : {}),
      },
    })
    ids[name] = id
  }
  for (const [number, validationAccuracy] of [0.5, 0.8, 0.7].entries()) {
    const payload = {
      type: 'epoch',
      epoch: number + 1,
      validationAccuracy,
      validationLoss: 1 - validationAccuracy,
    }
    const place = { runId: ids.adam ?? '', number: number + 1, attempt: 1 }
    await database.runEvent.create({ data: { ...place, type: 'epoch', payload } })
  }

  const search = (body: object, { headers } = instructor) => post('/runs/search', headers, body)
  const names = async (body: object, user = instructor): Promise<string[]> => {
    const response = await search(body, user)
    t.equal(response.statusCode, 200, response.body)
    return response.json().items.map((run: { name: string }) => run.name)
  }
  const found = (filter: object, user = instructor) => names({ filter }, user)

  await t.test('by any part of the spec', async t => {
    for (const [condition, expected] of [
      [{ path: 'optimizer.name', op: 'EQ', value: 'adam' }, 'odd adam'],
      [{ path: 'optimizer.name', op: 'NE', value: 'adam' }, 'open sgd'],
      [{ path: 'optimizer.name', op: 'IN', value: ['sgd', 'rmsprop'] }, 'open sgd'],
      [{ path: 'batchSize', op: 'EQ', value: 64 }, 'odd sgd'],
      [{ path: 'batchSize', op: 'EQ', value: '64' }, ''],
      [{ path: 'batchSize', op: 'GT', value: 64 }, 'adam'],
      [{ path: 'learningRate', op: 'LTE', value: 0.001 }, 'odd adam'],
      [{ path: 'learningRate', op: 'GTE', value: 0 }, 'odd sgd adam'],
      [{ path: 'learningRate', op: 'CONTAINS', value: 'FAS' }, 'open'],
      [{ path: 'optimizer.momentum', op: 'LT', value: 1 }, 'sgd'],
      [{ path: 'trainingImages', op: 'EQ', value: null }, 'open sgd adam'],
      [{ path: 'trainingImages', op: 'NE' }, 'odd'],
      [{ path: 'classes.1', op: 'EQ', value: 5 }, 'odd'],
      [{ path: 'classes', op: 'IN', value: [3] }, ''],
      [{ path: 'architecture', op: 'CONTAINS', value: 'ENET' }, 'open odd sgd adam'],
      [{ path: 'architecture', op: 'CONTAINS', value: '%' }, ''],
    ] as const) {
      t.equal((await found({ spec: [condition] })).join(' '), expected, JSON.stringify(condition))
    }
    const both = [
      { path: 'batchSize', op: 'EQ', value: 64 },
      { path: 'optimizer.name', op: 'EQ', value: 'adam' },
    ]
    t.strictSame(await found({ spec: both }), ['odd'])
  })

  await t.test('by figures, and by all else that a run has', async t => {
    for (const [filter, expected] of [
      [{ metrics: [{ metric: 'TEST_ACCURACY', min: 0.98 }] }, 'odd'],
      [{ metrics: [{ metric: 'TEST_LOSS', min: 0.1, max: 0.2 }] }, 'sgd adam'],
      [{ metrics: [{ metric: 'SECONDS', max: 10 }] }, 'sgd'],
      [{ metrics: [{ metric: 'PARAMETERS', min: 1004 }] }, 'adam'],
      [{ metrics: [{ metric: 'BEST_VALIDATION_ACCURACY', min: 0.8 }] }, 'adam'],
      [{ metrics: [{ metric: 'LAST_VALIDATION_ACCURACY', min: 0.8 }] }, ''],
      [{ metrics: [{ metric: 'LAST_VALIDATION_LOSS', min: 0.25, max: 0.35 }] }, 'adam'],
      [{ metrics: [{ metric: 'BEST_VALIDATION_LOSS', max: 0.1 }] }, ''],
      [{ status: ['QUEUED', 'PAUSED'] }, 'open'],
      [{ labId: 'tea-lab' }, 'adam'],
      [{ courseId: 'tea', text: 'AD' }, 'adam'],
      [{ ownerId: owner.userId }, ''],
      [{ tags: ['odd', 'week 3'] }, 'odd'],
      [{ tags: ['odd', 'even'] }, ''],
      [{ text: '100% of _' }, 'odd'],
      [{ text: '_dam' }, ''],
      [
        { createdAfter: '2020-01-01T00:00:00Z', createdBefore: '2999-01-01T00:00:00+01:00' },
        'open odd sgd adam',
      ],
      [{ createdBefore: '2020-01-01T00:00:00Z' }, ''],
    ] as const) {
      t.equal((await found(filter)).join(' '), expected, JSON.stringify(filter))
    }
  })

  await t.test('finds only what the actor may see', async t => {
    t.strictSame(await found({}, owner), ['adam'], 'of the own course')
    t.strictSame(await found({}, admin), ['open', 'odd', 'sgd', 'adam'])
    t.strictSame(await found({}, student), [])
    t.strictSame(await found({ ownerId: instructor.userId }, student), [])
    t.equal((await post('/runs/search', {}, {})).statusCode, 401)
  })

  await t.test('sorts and turns pages, also through ties, both ways', async t => {
    const orders = {
      NEWEST: ['open', 'odd', 'sgd', 'adam'],
      BEST_ACCURACY: ['odd', 'sgd', 'adam', 'open'],
      SHORTEST: ['sgd', 'adam', 'odd', 'open'],
    }
    for (const [sort, order] of Object.entries(orders)) {
      t.strictSame(await names({ sort }), order)
      const seen: string[] = []
      let page:
        | { items: { name: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string } }
        | undefined
      while (page === undefined || page.pageInfo.hasNextPage) {
        page = (await search({ sort, first: 1, after: page?.pageInfo.endCursor })).json()
        seen.push(...(page?.items.map(run => run.name) ?? []))
      }
      t.strictSame(seen, order, sort)
      const back = await search({ sort, last: 2, before: page.pageInfo.endCursor })
      t.match(back.json().pageInfo, { hasNextPage: true, hasPreviousPage: true })
      t.strictSame(
        back.json().items.map((run: { name: string }) => run.name),
        order.slice(1, 3),
      )
    }
    const cursor = (await search({ sort: 'NEWEST', first: 1 })).json().pageInfo.endCursor
    const forged = Buffer.from(`1e999_${ids.adam}`).toString('base64url')
    const hostile = Buffer.from("0.9_' OR true --                          ").toString('base64url')
    for (const after of [cursor, forged, hostile]) {
      t.match((await search({ sort: 'SHORTEST', after })).json(), { code: 'INVALID_INPUT', detail: /cursor/ })
    }
  })

  await t.test('refuses what is no filter with its place, and is not injected', async t => {
    const spec = (condition: object) => ({ filter: { spec: [{ op: 'EQ', value: 1, ...condition }] } })
    for (const [body, place] of [
      [spec({ path: "seed' OR true --" }), /spec.0.path.*names joined by dots/],
      [spec({ path: 'seed}' }), /spec.0.path/],
      [spec({ path: 'a.b.c.d.e' }), /spec.0.path/],
      [spec({ path: 'architectre' }), /must begin with a field of a spec: architecture,/],
      [spec({ path: 'constructor' }), /must begin with a field/],
      [spec({ path: 'seed', op: 'LIKE' }), /op/],
      [spec({ path: 'seed', op: 'LT', value: '1' }), /spec.0.value/],
      [spec({ path: 'seed', value: { $gt: 0 } }), /spec.0.value: must be a text, a number/],
      [spec({ path: 'seed', value: 'a\0b' }), /spec.0.value/],
      [spec({ path: 'seed', value: '\ud800' }), /spec.0.value/],
      [spec({ path: 'seed', op: 'IN', value: [] }), /spec.0.value/],
      [spec({ path: 'seed', more: 1 }), /more/],
      [{ filter: { spec: Array.from({ length: 11 }, () => ({ path: 'seed', op: 'EQ' })) } }, /filter.spec/],
      [{ filter: { metrics: [{ metric: 'TEST_ACCURACY' }] } }, /must have a min, a max/],
      [{ filter: { metrics: [{ metric: 'TEST_LOSS', min: 2, max: 1 }] } }, /min must not be above max/],
      [{ filter: { metrics: [{ metric: 'LUCK', min: 2 }] } }, /metric/],
      [{ filter: { text: 'a\0' } }, /filter.text/],
      [{ filter: { ownerId: 'me' } }, /must be the id of a user/],
      [{ filter: { createdAfter: 'yesterday' } }, /createdAfter/],
      [{ sort: 'LONGEST' }, /sort/],
      [{ filtre: {} }, /filtre/],
    ] as const) {
      t.match((await search(body)).json(), { status: 400, code: 'INVALID_INPUT', detail: place })
    }
    for (const value of ["' OR true --", '"}]\'); DROP TABLE training_runs; --', '\\', '%']) {
      t.strictSame(await found({ spec: [{ path: 'optimizer.name', op: 'EQ', value }] }), [])
      t.strictSame(await found({ text: `${value}x` }), [])
    }
  })

  await t.test('over GraphQL too', async t => {
    const query = `query ($filter: RunFilterInput) {
      searchRuns(filter: $filter, sort: BEST_ACCURACY, first: 1) {
        totalCount edges { cursor node { name } } pageInfo { hasNextPage } } }`
    const filter = {
      spec: [{ path: 'optimizer.name', op: 'EQ', value: 'adam' }],
      status: null,
      createdAfter: '2020-01-01T00:00:00Z',
    }
    t.match(await ask(query, instructor.headers, { filter }), {
      data: {
        searchRuns: { totalCount: 2, edges: [{ node: { name: 'odd' } }], pageInfo: { hasNextPage: true } },
      },
    })
    t.match(
      await ask(query, instructor.headers, { filter: { spec: [{ path: 'no', op: 'EQ', value: 1 }] } }),
      { errors: [{ message: /filter.spec.0.path/, extensions: { code: 'INVALID_INPUT' } }] },
    )
  })

  await t.test('costs the same few statements, however many runs it finds', async t => {
    const counter = countStatements(t, /training_runs/)
    const costs: number[] = []
    for (const first of [1, 4]) {
      // The least of some: the reconciler of the same process reads runs every 2 s.
      const tries: number[] = []
      for (let i = 0; i < 5; i++) {
        const before = counter.statements()
        await search({ first, sort: 'BEST_ACCURACY', filter: { text: 'd', metrics: [], spec: [] } })
        tries.push(counter.statements() - before)
      }
      costs.push(Math.min(...tries))
    }
    t.strictSame(costs, [3, 3])
  })
})
