import { randomUUID } from 'node:crypto'
import Fastify, { type FastifyBaseLogger } from 'fastify'
import mercurius from 'mercurius'
import t from 'tap'
import { assessment } from '../../src/assessment/index.js'
import type { FoundCourse } from '../../src/catalog/contract.js'
import { identity } from '../../src/identity/index.js'
import { learning } from '../../src/learning/index.js'
import { buildSchema } from '../../src/platform/graphql/schema.js'
import { schemaParts } from '../../src/platform/graphql/schema-parts.js'
import { problems } from '../../src/platform/problem.js'
import { openTestDependencies } from '../support/app.js'
import { createUser, type TestUser } from '../support/users.js'
import { answersTo, createQuizzes, quizOf } from './fixture.js'

t.test('quizzes and progress over both faces', async t => {
  const { deps } = await openTestDependencies(t)
  const logger: FastifyBaseLogger = deps.logger
  const app = Fastify({ loggerInstance: logger })
  t.teardown(() => app.close())
  app.decorate('deps', deps)
  await app.register(problems)
  await app.register(schemaParts)
  await app.register(identity)
  const owner = await createUser({ app }, { role: 'INSTRUCTOR' })
  const { catalog, revise } = await createQuizzes(deps.database, owner.userId)
  const course: FoundCourse = {
    ...{ courseId: 'course', ownerId: owner.userId, state: 'PUBLISHED' },
    ...{ lessonIds: ['lesson'], quizIds: ['three'] },
  }
  await app.register(learning, {
    catalog: {
      findCourse: async (_actor, id) => (id === 'course' ? course : undefined),
      findCourseBySlug: async (_actor, slug) => (slug === 'course' ? course : undefined),
      findLesson: async (_actor, id) => (id === 'lesson' ? { courseId: 'course' } : undefined),
    },
    findPassedQuizzes: (userId, quizIds) => app.assessment.findPassed(userId, quizIds),
  })
  await app.register(assessment, { catalog })
  app.schemaParts.add({
    sdl: new URL('./faces.graphql', import.meta.url),
    resolvers: {
      Query: { courses: () => [{ id: 'course', lessons: [{ id: 'lesson', quizzes: [{ id: 'three' }] }] }] },
    },
  })
  await app.register(mercurius, {
    jit: 1,
    schema: buildSchema(app.schemaParts),
    context: request => ({ actor: request.actor }),
  })
  await app.ready()

  const revision = await revise(quizOf('three', { maxAttempts: 3 }))
  const answers = answersTo('three', 'wrong', 'right')
  const submit = (user: TestUser | undefined, body: object, headers = {}) =>
    app.inject({
      ...{ method: 'POST', url: '/api/v1/quizzes/three/attempts' },
      headers: { ...user?.headers, ...headers },
      payload: { lessonRevisionId: revision, answers, ...body },
    })
  const ask = (user: TestUser | undefined, query: string, variables = {}) =>
    app.inject({
      ...{ method: 'POST', url: '/graphql' },
      headers: { ...user?.headers },
      payload: { query, variables },
    })
  const enrolled = async () => {
    const user = await createUser({ app })
    const { headers } = user
    const response = await app.inject({ method: 'POST', url: '/api/v1/courses/course/enrolment', headers })
    t.equal(response.statusCode, 204)
    return user
  }

  t.test('REST: a submission is graded and gives nothing away, in any response', async t => {
    const user = await enrolled()
    const key = { 'idempotency-key': randomUUID() }
    const first = await submit(user, {}, key)
    t.equal(first.statusCode, 201)
    t.match(first.json(), {
      number: 1,
      score: 1,
      maxScore: 2,
      responses: [{ correct: false }, { correct: true }],
    })
    t.equal((await submit(user, {}, key)).json().id, first.json().id)
    const other = await submit(user, { answers: answersTo('three', 'right', 'right') }, key)
    t.match([other.statusCode, other.json()], [409, { code: 'QUIZ_IDEMPOTENCY_KEY_REUSED' }])
    const one = await app.inject({ url: `/api/v1/attempts/${first.json().id}`, headers: user.headers })
    const mine = await app.inject({ url: '/api/v1/me/attempts?quizId=three', headers: user.headers })
    t.strictSame(mine.json().items, [first.json()])
    for (const { body } of [first, one, mine]) t.notMatch(body, /three-q1-right|because/)
    const teacher = await app.inject({ url: '/api/v1/quizzes/three/attempts', headers: owner.headers })
    t.match(teacher.body, /three-q1-right/)
  })

  t.test('REST: what is wrong is a problem that names its place', async t => {
    const user = await enrolled()
    const key = () => ({ 'idempotency-key': randomUUID() })
    const before = await deps.database.quizAttempt.count()
    const smuggled = [...answers.slice(0, 1), { questionId: 'three-q2', optionId: 'three-q1-right' }]
    const cases = [
      [await submit(undefined, {}, key()), 401, 'UNAUTHENTICATED'],
      [await submit(await createUser({ app }), {}, key()), 403, 'QUIZ_NOT_ENROLLED'],
      [await submit(user, {}), 400, 'QUIZ_IDEMPOTENCY_KEY_MISSING'],
      [await submit(user, { idempotencyKey: 'other' }, key()), 400, 'QUIZ_IDEMPOTENCY_KEYS_DIFFER'],
      [await submit(user, { lessonRevisionId: undefined }, key()), 400, 'INVALID_INPUT'],
      [await submit(user, { score: 2 }, key()), 400, 'INVALID_INPUT'],
      [await submit(user, { answers: smuggled }, key()), 422, 'QUIZ_UNKNOWN_OPTION'],
    ] as const
    for (const [response, status, code] of cases) {
      t.match([response.statusCode, response.json()], [status, { code }])
    }
    t.match(cases[6][0].json(), { path: 'answers[1].optionId' })
    t.equal(await deps.database.quizAttempt.count(), before)
    const foreign = await app.inject({ url: `/api/v1/attempts/${randomUUID()}`, headers: user.headers })
    t.equal(foreign.statusCode, 404)
  })

  const mutation = `mutation ($input: SubmitQuizInput!) {
    submitQuiz(input: $input) { id score passed responses { questionId correct correctOptionId explanation } }
  }`
  const standing = `{
    courses { enrolled progress { share quizzesPassed } lessons { read quizzes { attemptsLeft bestScore } } }
    myAttempts(first: 1) { totalCount edges { node { number responses { correctOptionId } } } }
    myCourses { courseId progress { share } }
  }`

  t.test('GraphQL: enrol, read, submit, and see where one stands', async t => {
    const user = await createUser({ app })
    await ask(user, 'mutation { enrol(courseId: "course") }')
    await ask(user, 'mutation { markLessonRead(lessonId: "lesson") }')
    const input = { quizId: 'three', lessonRevisionId: revision, idempotencyKey: randomUUID(), answers }
    const graded = await ask(user, mutation, { input })
    t.match(graded.json().data.submitQuiz, {
      score: 1,
      passed: false,
      responses: [{ correctOptionId: null }, {}],
    })
    t.notMatch(graded.body, /three-q1-right|because/)
    const seen = await ask(user, standing)
    t.notMatch(seen.body, /three-q1-right/)
    t.match(seen.json().data, {
      courses: [
        {
          enrolled: true,
          progress: { share: 0.5, quizzesPassed: 0 },
          lessons: [{ read: true, quizzes: [{ attemptsLeft: 2, bestScore: 1 }] }],
        },
      ],
      myAttempts: { totalCount: 1, edges: [{ node: { number: 1 } }] },
      myCourses: [{ courseId: 'course', progress: { share: 0.5 } }],
    })
  })

  t.test('GraphQL: a refusal names its place, and a stranger sees no attempt', async t => {
    const [user, other] = [await enrolled(), await enrolled()]
    const wrong = [{ questionId: 'nothing', optionId: 'three-q1-right' }]
    const input = {
      quizId: 'three',
      lessonRevisionId: revision,
      idempotencyKey: randomUUID(),
      answers: wrong,
    }
    t.match((await ask(user, mutation, { input })).json().errors, [{ message: /answers\[0\]\.questionId/ }])
    const { id } = (await ask(user, mutation, { input: { ...input, answers } })).json().data.submitQuiz
    const look = `{ attempt(id: "${id}") { id } }`
    t.strictSame((await ask(other, look)).json().data, { attempt: null })
    t.strictSame((await ask(user, look)).json().data, { attempt: { id } })
    t.match((await ask(undefined, look)).json().errors, [{ message: /Sign in first/ }])
  })
})
