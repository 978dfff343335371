import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import Fastify, { type FastifyBaseLogger } from 'fastify'
import t from 'tap'
import type { FoundLab } from '../../src/catalog/contract.js'
import { anonymous } from '../../src/identity/contract.js'
import { identity } from '../../src/identity/index.js'
import { graphql } from '../../src/platform/graphql/index.js'
import { schemaParts } from '../../src/platform/graphql/schema-parts.js'
import { http } from '../../src/platform/http.js'
import { problems } from '../../src/platform/problem.js'
import { training } from '../../src/training/index.js'
import * as ledger from '../../src/training/run-ledger.js'
import { openTestDependencies } from '../support/app.js'
import { createUser } from '../support/users.js'

const spec = { architecture: 'lenet-5', dataset: 'mnist', epochs: 1 }
const step = (n: number) => ({
  type: 'step' as const,
  epoch: 1,
  step: n,
  loss: 1,
  accuracy: 0.5,
  imagesPerSecond: 10,
})

t.test('training runs', async t => {
  const { deps } = await openTestDependencies(t)
  const { database } = deps
  const logger: FastifyBaseLogger = deps.logger
  const app = Fastify({ loggerInstance: logger })
  t.teardown(() => app.close())
  app.decorate('deps', deps)
  const labs = new Map<string, FoundLab>()
  await app.register(problems)
  await app.register(schemaParts)
  await app.register(http)
  await app.register(identity)
  await app.register(training, { catalog: { findLab: async (_actor, id) => labs.get(id) } })
  const labSchema = join(deps.config.home, 'lab.graphql')
  await writeFile(labSchema, 'extend type Query { lab(id: ID!): Lab } type Lab { id: ID! }')
  app.schemaParts.add({
    sdl: pathToFileURL(labSchema),
    resolvers: {
      Query: { lab: (_: unknown, { id }: { id: string }) => labs.get(id)?.lab },
    },
  })
  await app.register(graphql, {
    context: request => ({ actor: request.actor }),
    connect: async () => ({ context: { actor: anonymous } }),
  })
  await app.listen({ port: 0, host: '127.0.0.1' })

  const instructor = await createUser({ app }, { role: 'INSTRUCTOR' })
  const other = await createUser({ app }, { role: 'INSTRUCTOR' })
  const admin = await createUser({ app }, { role: 'ADMIN' })
  const student = await createUser({ app })
  type Headers = Record<string, string>
  const post = (url: string, headers: Headers, payload: object = {}) =>
    app.inject({ method: 'POST', url: `/api/v1${url}`, headers, payload })
  const fetch = (url: string, headers: Headers) => app.inject({ url: `/api/v1${url}`, headers })
  const launch = async (headers: Headers = instructor.headers, input: object = { spec }): Promise<string> => {
    const response = await post('/runs', headers, input)
    if (response.statusCode !== 201) throw new Error(response.body)
    return response.json().id
  }
  const ask = async (query: string, headers: Headers, variables: object = {}) =>
    (await app.inject({ method: 'POST', url: '/graphql', headers, payload: { query, variables } })).json()
  const succeed = async (runId: string) => {
    const key = { runId, attempt: 1 }
    await ledger.claimAttempt(database, { ...key, workerId: 'w' })
    await ledger.finishRun(database, key, {
      status: 'SUCCEEDED',
      result: { classNames: ['no', 'yes'] },
      modelKey: `runs/${runId}/1`,
    })
  }
  const openStream = async (runId: string, headers: Headers) => {
    const { port } = app.server.address() as AddressInfo
    const request = get({ port, host: '127.0.0.1', path: `/api/v1/runs/${runId}/events`, headers })
    const [response]: IncomingMessage[] = await once(request, 'response')
    if (response === undefined) throw new Error('no response')
    return response.setEncoding('utf8')
  }
  const readAll = async (response: IncomingMessage) => {
    let text = ''
    for await (const chunk of response) text += chunk
    return [...text.matchAll(/^id: (\d+)\nevent: (\w+)$/gm)].map(match => `${match[1]} ${match[2]}`)
  }

  await t.test('only instructors and admins launch', async t => {
    t.match((await post('/runs', {}, { spec })).json(), { status: 401, code: 'UNAUTHENTICATED' })
    t.match((await post('/runs', student.headers, { spec })).json(), { status: 403, code: 'SCOPE_REQUIRED' })
    const response = await post('/runs', instructor.headers, { spec })
    t.equal(response.statusCode, 201)
    const run = response.json()
    t.match(run, { status: 'QUEUED', attempt: 1, lastEvent: 1, spec: { ...spec, batchSize: 128, seed: 42 } })
    t.equal(response.headers.location, `/api/v1/runs/${run.id}`)
    t.notOk('idempotencyKey' in run)
    t.equal(await deps.courier.queue('training').holds(`${run.id}-1`), true)
  })

  await t.test("another's run is answered like one that is missing", async t => {
    const id = await launch()
    const missing = '0193b2c0-0000-7000-8000-000000000000'
    for (const [who, run] of [
      [other, id],
      [student, id],
      [other, missing],
    ] as const) {
      const answers = [
        await fetch(`/runs/${run}`, who.headers),
        await fetch(`/runs/${run}/events`, who.headers),
        await fetch(`/runs/${run}/history`, who.headers),
        await fetch(`/runs/${run}/model/model.json`, who.headers),
      ].map(answer => `${answer.statusCode} ${answer.json().detail}`)
      t.strictSame(new Set(answers), new Set(['404 There is no such run.']))
    }
    t.equal((await post(`/runs/${id}/cancel`, other.headers)).statusCode, 404)
    t.equal((await fetch(`/runs/${id}`, admin.headers)).statusCode, 200)
    t.equal((await fetch(`/runs/${id}`, {})).statusCode, 401)
    const query = 'query ($id: ID!) { trainingRun(id: $id) { id } }'
    t.strictSame(await ask(query, other.headers, { id }), { data: { trainingRun: null } })
    t.strictSame(await ask(query, other.headers, { id: 'no uuid' }), { data: { trainingRun: null } })
  })

  await t.test(
    'a spec that is wrong or impossible is refused with its place, and nothing stored',
    async t => {
      const before = await database.trainingRun.count()
      const refused = async (input: object) => (await post('/runs', instructor.headers, input)).json()
      t.match(await refused({ spec: { ...spec, epochs: 0 } }), {
        code: 'INVALID_INPUT',
        detail: /^spec\.epochs/,
      })
      t.match(await refused({ spec: { ...spec, epoch: 1 } }), { code: 'INVALID_INPUT', detail: /epoch/ })
      t.match(await refused({ spec: { ...spec, architecture: 'vgg' } }), {
        status: 422,
        code: 'RUN_SPEC_IMPOSSIBLE',
        problems: [{ path: 'spec.architecture' }],
      })
      t.match(await refused({}), { status: 400, code: 'INVALID_INPUT' })
      t.match(await refused({ labId: 'nowhere' }), { status: 404, code: 'NOT_FOUND' })
      t.equal(await database.trainingRun.count(), before)
    },
  )

  await t.test('the same key twice is one run, also at the same time', async t => {
    const headers = { ...instructor.headers, 'idempotency-key': 'one' }
    const answers = await Promise.all([1, 2, 3].map(() => post('/runs', headers, { spec })))
    t.equal(new Set(answers.map(answer => answer.json().id)).size, 1)
    t.match((await post('/runs', headers, { spec: { ...spec, epochs: 2 } })).json(), {
      code: 'RUN_IDEMPOTENCY_KEY_REUSED',
    })
    t.match((await post('/runs', headers, { spec, idempotencyKey: 'two' })).json(), {
      code: 'RUN_IDEMPOTENCY_KEYS_DIFFER',
    })
    const theirs = await post('/runs', { ...other.headers, 'idempotency-key': 'one' }, { spec })
    t.not(theirs.json().id, answers[0]?.json().id)
  })

  await t.test('a user has at most 20 runs that have not ended', async t => {
    const eager = await createUser({ app }, { role: 'INSTRUCTOR' })
    const answers = await Promise.all(
      Array.from({ length: 22 }, () => post('/runs', eager.headers, { spec })),
    )
    t.equal(answers.filter(answer => answer.statusCode === 201).length, 20)
    t.equal(answers.filter(answer => answer.json().code === 'RUN_TOO_MANY').length, 2)
    const id = answers.find(answer => answer.statusCode === 201)?.json().id
    t.match((await post(`/runs/${id}/cancel`, eager.headers)).json(), { status: 'CANCELLED' })
    t.match((await post(`/runs/${id}/cancel`, eager.headers)).json(), { code: 'RUN_HAS_ENDED' })
    t.equal((await post('/runs', eager.headers, { spec })).statusCode, 201)
    const first = (await fetch('/runs?first=15', eager.headers)).json()
    const second = (await fetch(`/runs?first=15&after=${first.pageInfo.endCursor}`, eager.headers)).json()
    t.strictSame([first.items.length, second.items.length], [15, 6])
    const ids: string[] = [...first.items, ...second.items].map(run => run.id)
    t.strictSame(ids, [...new Set(ids)].sort().reverse(), 'newest first, none twice')
  })

  await t.test(
    'a stream gives every event in order and once, and goes on after the last one seen',
    async t => {
      const runId = await launch()
      const key = { runId, attempt: 1 }
      const stream = await openStream(runId, instructor.headers)
      t.match(stream.headers['content-type'], /^text\/event-stream/)
      const received = readAll(stream)
      await ledger.claimAttempt(database, { ...key, workerId: 'w' })
      for (const n of [1, 2, 3]) await ledger.appendEvents(database, key, [step(2 * n - 1), step(2 * n)])
      await ledger.finishRun(database, key, { status: 'CANCELLED' })
      const steps = [3, 4, 5, 6, 7, 8].map(n => `${n} step`)
      t.strictSame(await received, ['1 queued', '2 starting', ...steps, '9 cancelled'])
      const resumed = await openStream(runId, { ...instructor.headers, 'last-event-id': '6' })
      t.strictSame(await readAll(resumed), ['7 step', '8 step', '9 cancelled'])
      const ended = await openStream(runId, { ...instructor.headers, 'last-event-id': '9' })
      t.equal(ended.statusCode, 204)
      const { items } = (await fetch(`/runs/${runId}/history?after=7`, instructor.headers)).json()
      t.match(items, [
        { number: 8, event: { type: 'step' } },
        { number: 9, event: { type: 'cancelled' } },
      ])
    },
  )

  await t.test('an open stream ends when its token is revoked', async t => {
    const leaving = await createUser({ app }, { role: 'INSTRUCTOR' })
    const stream = await openStream(await launch(leaving.headers), leaving.headers)
    const received = readAll(stream)
    const { id } = await database.token.findFirstOrThrow({ where: { userId: leaving.userId } })
    await database.$executeRaw`SELECT pg_notify('token_revoked', ${id})`
    // Whether the first event went out before is a matter of time; that the stream ends is not.
    t.ok((await received).length <= 1)
  })

  await t.test('a run is deleted with its files when it has ended, by who may', async t => {
    const id = await launch()
    const remove = (headers: Headers) => app.inject({ method: 'DELETE', url: `/api/v1/runs/${id}`, headers })
    t.match((await remove(instructor.headers)).json(), { code: 'RUN_NOT_ENDED' })
    t.match((await fetch(`/runs/${id}/model/model.json`, instructor.headers)).json(), {
      code: 'RUN_MODEL_MISSING',
    })
    await succeed(id)
    await deps.storage.put(`runs/${id}/1/model.json`, Buffer.from('{}'))
    t.equal((await fetch(`/runs/${id}/model/model.json`, instructor.headers)).body, '{}')
    t.equal((await fetch(`/runs/${id}/model/..%2Fsecret`, instructor.headers)).statusCode, 400)
    t.equal((await remove(other.headers)).statusCode, 404)
    t.equal((await remove(instructor.headers)).statusCode, 204)
    t.equal((await fetch(`/runs/${id}`, instructor.headers)).statusCode, 404)
    t.equal(await deps.storage.open(`runs/${id}/1/model.json`), undefined)
  })

  await t.test('a prediction is asked of a worker', async t => {
    const id = await launch()
    const image = { format: 'pixels', pixels: [[0, 255]] }
    const predict = (body: object) => post(`/runs/${id}/predictions`, instructor.headers, body)
    t.match((await predict({ image })).json(), { code: 'RUN_MODEL_MISSING' })
    await succeed(id)
    const refusal = { code: 'IMAGE_SIZE', message: 'Too small.', hint: 'Send 28 x 28.', fault: 'spec' }
    let answer: object = { probabilities: [0.25, 0.75] }
    const worker = deps.courier.worker('predictions', async () => answer)
    t.teardown(() => worker.close())
    t.strictSame((await predict({ image })).json(), {
      classes: [
        { name: 'no', probability: 0.25 },
        { name: 'yes', probability: 0.75 },
      ],
    })
    answer = { failure: refusal }
    t.match((await predict({ image })).json(), { status: 422, code: 'PREDICTION_FAILED', detail: /28 x 28/ })
    t.match((await predict({ image: { format: 'gif' } })).json(), { status: 400, code: 'INVALID_INPUT' })
  })

  await t.test("a lab's run takes its spec, and is seen by the instructor of the course", async t => {
    await database.course.create({ data: { id: 'c', slug: 'c', ownerId: other.userId } })
    await database.lesson.create({ data: { id: 'l', courseId: 'c', slug: 'l' } })
    await database.lab.create({ data: { id: 'lab', lessonId: 'l' } })
    const place = { lessonId: 'l', courseId: 'c', courseOwnerId: other.userId }
    const { id: lessonRevisionId } = await database.lessonRevision.create({
      data: { lessonId: 'l', number: 1, hash: 'h', document: {} },
    })
    const lab = { id: 'lab', title: 'A lab', description: '', spec }
    labs.set('lab', { ...place, lessonRevisionId, lab })
    const query = `query ($id: ID!) { lab(id: $id) { available unavailableReason runs { totalCount edges { node { id } } } } }`
    t.match(await ask(query, {}, { id: 'lab' }), {
      data: { lab: { available: true, unavailableReason: null, runs: null } },
    })
    labs.set('later', {
      ...place,
      lessonRevisionId,
      lab: { ...lab, id: 'later', spec: { ...spec, architecture: 'oracle-9' } },
    })
    t.match(await ask(query, {}, { id: 'later' }), {
      data: { lab: { available: false, unavailableReason: /oracle-9/ } },
    })
    const id = await launch(instructor.headers, { labId: 'lab', spec: { epochs: 2 } })
    t.match((await fetch(`/runs/${id}`, other.headers)).json(), {
      name: 'A lab',
      courseId: 'c',
      labId: 'lab',
      lessonRevisionId,
      spec: { ...spec, epochs: 2 },
    })
    t.match((await post(`/runs/${id}/cancel`, other.headers)).json(), { status: 403, code: 'FORBIDDEN' })
    t.match(await ask(query, other.headers, { id: 'lab' }), { data: { lab: { runs: { totalCount: 1 } } } })
    t.equal((await fetch('/labs/lab/runs', student.headers)).json().items.length, 0)
    t.equal((await fetch('/labs/lab/runs', instructor.headers)).json().items.length, 1)
  })

  await t.test('a network is summarised on both faces before it is launched', async t => {
    const input = { spec: { dataset: 'mnist', kerasPython: 'm = Sequential([Flatten(), Dense(10)])' } }
    const expected = {
      name: 'keras-model',
      text: /flatten_1 +flatten +784 +0/,
      inputShape: [28, 28, 1],
      outputShape: [10],
      parameters: 7850,
      trainableParameters: 7850,
      multiplyAdds: 7840,
      weightBytes: 31_400,
      notes: [],
      layers: [
        { name: 'flatten_1', inputs: ['input'] },
        { name: 'dense_1', inputs: ['flatten_1'], parameters: 7850 },
        { name: 'activation_1', outputShape: [10] },
      ],
    }
    const answer = await post('/networks/summary', student.headers, input)
    t.equal(answer.statusCode, 200)
    t.match(answer.json(), expected)
    const query = `query ($input: LaunchRunInput!) { networkSummary(input: $input) {
      name text inputShape outputShape parameters trainableParameters multiplyAdds weightBytes trainingBytes notes
      layers { name type inputs outputShape parameters } } }`
    t.match((await ask(query, student.headers, { input })).data.networkSummary, expected)
    t.match(await ask(query, {}, { input }), { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
    const faulty = { spec: { dataset: 'mnist', kerasPython: 'm = Sequential()\nm.pop()' } }
    const refusal = await post('/networks/summary', student.headers, faulty)
    t.match(refusal.json(), {
      status: 422,
      code: 'RUN_SPEC_IMPOSSIBLE',
      problems: [
        { path: 'spec.kerasPython', line: 2, column: 1, message: /what .pop\(\) does to the model/ },
      ],
    })
  })

  await t.test('GraphQL launches, lists and cancels too', async t => {
    const fresh = await createUser({ app }, { role: 'INSTRUCTOR' })
    const launched = await ask(
      `mutation ($input: LaunchRunInput!) { launchRun(input: $input) {
        id name status modelFiles
        spec { epochs seed optimizer schedule augmentation earlyStopping trainingImages }
        events { number type data } } }`,
      fresh.headers,
      {
        input: {
          spec: {
            ...spec,
            seed: 4_294_967_295,
            optimizer: { name: 'sgd', momentum: 0.9 },
            schedule: { name: 'cosine', warmupEpochs: 0.5 },
            augmentation: { rotation: 10 },
          },
        },
      },
    )
    t.match(launched.data?.launchRun, {
      name: 'lenet-5 on mnist',
      status: 'QUEUED',
      spec: {
        epochs: 1,
        seed: 4_294_967_295,
        optimizer: { name: 'sgd', momentum: 0.9 },
        schedule: { name: 'cosine', warmupEpochs: 0.5, endShare: 0 },
        augmentation: { rotation: 10, horizontalFlip: false },
        earlyStopping: null,
        trainingImages: null,
      },
      events: [{ number: 1, type: 'queued', data: { attempt: 1 } }],
    })
    const listed = await ask('{ myRuns { totalCount edges { cursor node { id } } } }', fresh.headers)
    t.match(listed, {
      data: { myRuns: { totalCount: 1, edges: [{ node: { id: launched.data.launchRun.id } }] } },
    })
    const cancelled = await ask('mutation ($id: ID!) { cancelRun(id: $id) { status } }', fresh.headers, {
      id: launched.data.launchRun.id,
    })
    t.strictSame(cancelled, { data: { cancelRun: { status: 'CANCELLED' } } })
    const known = await ask('{ architectures { id inputShape } datasets { id classNames } }', {})
    t.match(known.data.architectures, [{ id: 'simple-cnn' }, { id: 'lenet-5', inputShape: [28, 28, 1] }])
  })
})
