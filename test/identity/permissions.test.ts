import { randomUUID } from 'node:crypto'
import type { InjectOptions } from 'fastify'
import t from 'tap'
import { dense, flatten } from '../../src/networks/layers.js'
import { layersModelDocument } from '../../src/networks/layers-model.js'
import { buildSequential } from '../../src/networks/network-builder.js'
import { answersTo, courseSlug, openCourse } from '../assessment/course.js'
import { createUser, type TestUser } from '../support/users.js'
import { openUniversity, spec } from '../training/university.js'

/** Who asks, and how every kind of request is answered. */
const askers = [
  'anonymous',
  'expired',
  'revoked',
  'disabled',
  'student',
  'otherStudent',
  'courseOwner',
  'otherInstructor',
  'admin',
  'adminReading',
  'readOnly',
  'learnOnly',
  'trainOnly',
] as const
type Asker = (typeof askers)[number]

t.test('who may do what', async t => {
  const university = await openUniversity(t)
  const { app, deps, owner: courseOwner, launch, succeed } = university
  const { database } = deps
  const { revisionOf, enrolled } = await openCourse(t, university, courseOwner)
  const student = await enrolled()
  const otherInstructor = await createUser(university, { role: 'INSTRUCTOR' })
  const admin = await createUser(university, { role: 'ADMIN' })
  const disabled = await enrolled()
  const tokenOf = async (user: TestUser, scopes: string[]) => {
    const payload = { name: 'script', scopes }
    return (
      await app.inject({ method: 'POST', url: '/api/v1/tokens', headers: user.headers, payload })
    ).json()
  }
  const expired = await tokenOf(student, ['read', 'learn'])
  const revoked = await tokenOf(student, ['read', 'learn'])
  await database.$executeRaw`
    UPDATE tokens SET "expiresAt" = now() - interval '1 second' WHERE id = ${expired.token.id}::uuid`
  await app.inject({ method: 'DELETE', url: `/api/v1/tokens/${revoked.token.id}`, headers: student.headers })
  await app.inject({
    method: 'PATCH',
    url: `/api/v1/users/${disabled.userId}`,
    headers: admin.headers,
    payload: { disabled: true },
  })
  const secrets: Record<Asker, string | undefined> = {
    anonymous: undefined,
    expired: expired.secret,
    revoked: revoked.secret,
    disabled: disabled.token,
    student: student.token,
    otherStudent: (await enrolled()).token,
    courseOwner: courseOwner.token,
    otherInstructor: otherInstructor.token,
    admin: admin.token,
    adminReading: (await tokenOf(admin, ['read'])).secret,
    readOnly: (await tokenOf(student, ['read'])).secret,
    learnOnly: (await tokenOf(student, ['learn'])).secret,
    trainOnly: (await tokenOf(courseOwner, ['train'])).secret,
  }

  const submission = async () => ({
    method: 'POST' as const,
    url: '/api/v1/quizzes/free/attempts',
    headers: { 'idempotency-key': randomUUID() },
    payload: { lessonRevisionId: await revisionOf('free'), answers: answersTo('free', 'wrong', 'right') },
  })
  const send = (asker: Asker, options: InjectOptions) => {
    const secret = secrets[asker]
    const authorization = secret === undefined ? {} : { authorization: `Bearer ${secret}` }
    return app.inject({ ...options, headers: { ...options.headers, ...authorization } })
  }
  const attempt: string = (await send('student', await submission())).json().id
  // Launched for the course's lab by another instructor: its owner sees it, and may not touch it.
  const run = await launch(otherInstructor, { labId: 'tea-lab' })
  await succeed(run)

  const imported = await database.importedModel.create({
    data: {
      ...{ ownerId: otherInstructor.userId, title: 'Brought', modelKey: `models/${randomUUID()}`, bytes: 1 },
      ...{ inputShape: [4, 4, 1], classNames: ['no', 'yes'], parameters: 236 },
    },
  })
  const small = buildSequential('net', [4, 4, 1], [flatten(), dense(2, { activation: 'softmax' })])
  const document = JSON.stringify(layersModelDocument(small, {}))
  await deps.storage.put(`${imported.modelKey}/model.json`, Buffer.from(document))
  const missing = '0193b2c0-0000-7000-8000-000000000000'
  const invalid = { expired: 'TOKEN_INVALID', revoked: 'TOKEN_INVALID', disabled: 'TOKEN_INVALID' }
  const closed = { anonymous: 'UNAUTHENTICATED', ...invalid }
  const all = (code: string) => Object.fromEntries(askers.map(asker => [asker, code]))
  const noScope = (...names: Asker[]) => Object.fromEntries(names.map(name => [name, 'SCOPE_REQUIRED']))
  const ok = (status: number, ...names: Asker[]) => Object.fromEntries(names.map(name => [name, `${status}`]))
  const notReading = noScope('learnOnly', 'trainOnly')
  const notTraining = noScope('adminReading', 'readOnly', 'learnOnly')
  const students = (code: string) => ({ student: code, otherStudent: code })
  const notAdmin = { ...all('SCOPE_REQUIRED'), ...closed, ...ok(200, 'admin') }
  const seesAttempt = {
    ...all('NOT_FOUND'),
    ...closed,
    ...notReading,
    ...ok(200, 'student', 'courseOwner', 'admin', 'readOnly'),
  }
  const seesRun = {
    ...all('NOT_FOUND'),
    ...closed,
    ...notReading,
    ...ok(200, 'otherInstructor', 'courseOwner', 'admin'),
  }
  const runs = `/api/v1/runs/${run}`
  const image = { format: 'pixels', pixels: [[0]] }

  /** What is asked for, and the status or the code of each answer. */
  type Asked = [string, InjectOptions | (() => Promise<InjectOptions>), Partial<Record<Asker, string>>]
  const requests: Asked[] = [
    ['read a published course', { url: `/api/v1/courses/${courseSlug}` }, { ...all('200'), ...invalid }],
    ['read an attempt', { url: `/api/v1/attempts/${attempt}` }, seesAttempt],
    [
      'list the attempts at a quiz',
      { url: '/api/v1/quizzes/free/attempts' },
      { ...all('NOT_FOUND'), ...closed, ...notReading, ...ok(200, 'courseOwner', 'admin') },
    ],
    ['list the own attempts', { url: '/api/v1/me/attempts' }, { ...all('200'), ...closed, ...notReading }],
    ['see the own progress', { url: '/api/v1/me/progress' }, { ...all('200'), ...closed, ...notReading }],
    [
      'submit a quiz',
      submission,
      {
        ...all('QUIZ_NOT_ENROLLED'),
        ...closed,
        ...noScope('adminReading', 'readOnly', 'trainOnly'),
        ...ok(201, 'student', 'otherStudent', 'learnOnly'),
      },
    ],
    [
      'mark a lesson as read',
      { method: 'PUT', url: '/api/v1/lessons/lesson-free/read' },
      {
        ...all('ENROLMENT_REQUIRED'),
        ...closed,
        ...noScope('adminReading', 'readOnly', 'trainOnly'),
        ...ok(204, 'student', 'otherStudent', 'learnOnly'),
      },
    ],
    [
      'launch a run',
      { method: 'POST', url: '/api/v1/runs', payload: { spec } },
      { ...all('201'), ...closed, ...notTraining, ...students('RUN_LAB_REQUIRED') },
    ],
    [
      'launch a lab that is for instructors',
      { method: 'POST', url: '/api/v1/runs', payload: { labId: 'tea-lab' } },
      { ...all('201'), ...closed, ...notTraining, ...students('RUN_LAB_CLOSED') },
    ],
    [
      'hear whether one may launch a lab',
      { url: '/api/v1/labs/tea-lab/launch' },
      { ...all('200'), ...invalid },
    ],
    ['list the own runs', { url: '/api/v1/runs' }, { ...all('200'), ...closed, ...notReading }],
    [
      'list the runs of a lab',
      { url: '/api/v1/labs/tea-lab/runs' },
      { ...all('200'), ...closed, ...notReading },
    ],
    ['see a run', { url: runs }, seesRun],
    ["see a run's curve", { url: `${runs}/curve` }, seesRun],
    ["see a run's events", { url: `${runs}/history` }, seesRun],
    [
      "watch a run's events",
      { url: `${runs}/events`, headers: { 'last-event-id': '99' } },
      { ...seesRun, ...ok(204, 'otherInstructor', 'courseOwner', 'admin') },
    ],
    ['download a model', { url: `${runs}/model/model.json` }, seesRun],
    [
      'recognise an image with a run that is not there',
      { method: 'POST', url: `/api/v1/runs/${missing}/predictions`, payload: { image } },
      { ...all('NOT_FOUND'), ...closed, ...notReading },
    ],
    [
      'cancel a run',
      { method: 'POST', url: `${runs}/cancel` },
      {
        ...all('NOT_FOUND'),
        ...closed,
        ...notTraining,
        ...{
          courseOwner: 'FORBIDDEN',
          trainOnly: 'FORBIDDEN',
          otherInstructor: 'RUN_HAS_ENDED',
          admin: 'RUN_HAS_ENDED',
        },
      },
    ],
    ...(['pause', 'resume'] as const).map(
      (act): Asked => [
        `${act} a run`,
        { method: 'POST', url: `${runs}/${act}` },
        {
          ...all('NOT_FOUND'),
          ...closed,
          ...notTraining,
          ...{ courseOwner: 'FORBIDDEN', trainOnly: 'FORBIDDEN' },
          ...(act === 'pause'
            ? { otherInstructor: 'RUN_NOT_PAUSABLE', admin: 'RUN_NOT_PAUSABLE' }
            : { otherInstructor: 'RUN_NOT_PAUSED', admin: 'RUN_NOT_PAUSED' }),
        },
      ],
    ),
    [
      'delete a run that is not there',
      { method: 'DELETE', url: `/api/v1/runs/${missing}` },
      { ...all('NOT_FOUND'), ...closed, ...notTraining },
    ],
    [
      'import a model that is none',
      {
        ...{ method: 'POST', url: '/api/v1/models?title=None', payload: 'no zip' },
        headers: { 'content-type': 'application/zip' },
      },
      { ...all('MODEL_REFUSED'), ...closed, ...notTraining, ...students('FORBIDDEN') },
    ],
    ['list the own imported models', { url: '/api/v1/models' }, { ...all('200'), ...closed, ...notReading }],
    [
      'see an imported model',
      { url: `/api/v1/models/${imported.id}` },
      { ...all('NOT_FOUND'), ...closed, ...notReading, ...ok(200, 'otherInstructor', 'admin') },
    ],
    [
      'delete an imported model that is not there',
      { method: 'DELETE', url: `/api/v1/models/${missing}` },
      { ...all('NOT_FOUND'), ...closed, ...notTraining, ...students('FORBIDDEN') },
    ],
    ['list the users', { url: '/api/v1/users' }, notAdmin],
    [
      'change a user',
      { method: 'PATCH', url: `/api/v1/users/${otherInstructor.userId}`, payload: { role: 'INSTRUCTOR' } },
      notAdmin,
    ],
  ]
  for (const [what, options, expected] of requests) {
    await t.test(`${what}`, async t => {
      const answers: Record<string, string> = {}
      for (const asker of askers) {
        const response = await send(asker, typeof options === 'function' ? await options() : options)
        const isProblem = response.headers['content-type']?.toString().startsWith('application/problem+json')
        answers[asker] = isProblem ? response.json().code : `${response.statusCode}`
      }
      t.strictSame(answers, expected)
    })
  }

  await t.test("what is missing and what is another's get the same answer, to the letter", async t => {
    const answerOf = async (options: InjectOptions) => {
      const response = await send('otherStudent', options)
      const { requestId: _, ...body } = response.json()
      return { status: response.statusCode, ...body }
    }
    const pairs = (path: (id: string) => InjectOptions, id: string) =>
      Promise.all([answerOf(path(id)), answerOf(path(missing))])
    const query = (text: (id: string) => string) => (id: string) => ({
      method: 'POST' as const,
      url: '/graphql',
      payload: { query: text(id) },
    })
    for (const [theirs, none] of [
      await pairs(id => ({ url: `/api/v1/attempts/${id}` }), attempt),
      await pairs(id => ({ url: `/api/v1/runs/${id}` }), run),
      await pairs(id => ({ url: `/api/v1/runs/${id}/events` }), run),
      await pairs(id => ({ url: `/api/v1/runs/${id}/history` }), run),
      await pairs(id => ({ url: `/api/v1/runs/${id}/model/model.json` }), run),
      await pairs(id => ({ method: 'POST', url: `/api/v1/runs/${id}/predictions`, payload: { image } }), run),
      await pairs(
        id => ({ method: 'POST', url: `/api/v1/runs/${id}/predictions/batch`, payload: { images: [image] } }),
        run,
      ),
      await pairs(id => ({ url: `/api/v1/models/${id}` }), imported.id),
      await pairs(
        query(id => `{ model(id: "${id}") { id } }`),
        imported.id,
      ),
      await pairs(
        query(id => `mutation { deleteModel(id: "${id}") }`),
        imported.id,
      ),
      await pairs(
        query(id => `{ attempt(id: "${id}") { id } }`),
        attempt,
      ),
      await pairs(
        query(id => `{ trainingRun(id: "${id}") { id } }`),
        run,
      ),
      await pairs(
        query(
          id =>
            `mutation { predict(runId: "${id}", image: {format: "pixels", pixels: [[0]]}) { classes { name } } }`,
        ),
        run,
      ),
    ]) {
      t.strictSame(theirs, none)
    }
  })

  await t.test('GraphQL refuses with the same codes', async t => {
    const codeOf = async (asker: Asker, query: string) => {
      const response = await send(asker, { method: 'POST', url: '/graphql', payload: { query } })
      return response.json().errors?.[0]?.extensions?.code ?? response.json().code
    }
    const launchRun =
      'mutation { launchRun(input: {spec: {architecture: "lenet-5", dataset: "mnist"}}) { id } }'
    for (const [asker, query, code] of [
      ['anonymous', '{ myAttempts { totalCount } }', 'UNAUTHENTICATED'],
      ['anonymous', '{ myRuns { totalCount } }', 'UNAUTHENTICATED'],
      ['anonymous', launchRun, 'UNAUTHENTICATED'],
      ['student', launchRun, 'RUN_LAB_REQUIRED'],
      ['readOnly', 'mutation { enrol(courseId: "tea") }', 'SCOPE_REQUIRED'],
      ['learnOnly', '{ myAttempts { totalCount } }', 'SCOPE_REQUIRED'],
      ['otherInstructor', '{ quizAttempts(quizId: "free") { totalCount } }', 'NOT_FOUND'],
      ['courseOwner', `mutation { cancelRun(id: "${run}") { id } }`, 'FORBIDDEN'],
      ['student', '{ users { totalCount } }', 'SCOPE_REQUIRED'],
      ['adminReading', '{ users { totalCount } }', 'SCOPE_REQUIRED'],
      ['revoked', '{ me { id } }', 'TOKEN_INVALID'],
      ['expired', '{ me { id } }', 'TOKEN_INVALID'],
      ['disabled', '{ me { id } }', 'TOKEN_INVALID'],
    ] as const) {
      t.equal(await codeOf(asker, query), code, `${asker}: ${query}`)
    }
  })
})
