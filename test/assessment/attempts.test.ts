import { randomUUID } from 'node:crypto'
import t from 'tap'
import { startTestApp } from '../support/app.js'
import { createUser, type TestUser } from '../support/users.js'
import { answersTo, openCourse } from './course.js'

const wrongRight = (quiz: string) => answersTo(quiz, 'wrong', 'right')

t.test('quiz attempts', async t => {
  const testApp = await startTestApp(t)
  const { app, deps } = testApp
  const { database } = deps
  const owner = await createUser(testApp, { role: 'INSTRUCTOR' })
  const { revisionOf, revise, archive, enrolled } = await openCourse(t, testApp, owner)

  const submit = async (
    user: TestUser | undefined,
    quiz: string,
    { key = randomUUID(), ...body }: { key?: string } & Record<string, unknown> = {},
  ) =>
    app.inject({
      method: 'POST',
      url: `/api/v1/quizzes/${quiz}/attempts`,
      headers: { ...user?.headers, 'idempotency-key': key },
      payload: { lessonRevisionId: await revisionOf(quiz), answers: wrongRight(quiz), ...body },
    })
  const graded = async (...args: Parameters<typeof submit>) => {
    const response = await submit(...args)
    if (response.statusCode !== 201) throw new Error(response.body)
    return response.json()
  }
  const get = (user: TestUser | undefined, url: string) =>
    app.inject({ url: `/api/v1${url}`, headers: { ...user?.headers } })
  const rightOptionsOf = (attempt: { responses: { correctOptionId: string | null }[] }) =>
    attempt.responses.map(response => response.correctOptionId)
  /** Everything that may tell a student the answers, as it is sent. */
  const allThatIsSent = async (user: TestUser, quiz: string, id: string) => {
    const query = `{
      attempt(id: "${id}") { responses { correctOptionId explanation } }
      myAttempts(quizId: "${quiz}") { edges { node { responses { correctOptionId explanation } } } }
      lesson(course: "quizzes", slug: "lesson-${quiz}") { quiz { answerKey { correctOptionId explanation } } }
    }`
    const responses = await Promise.all([
      get(user, `/attempts/${id}`),
      get(user, `/me/attempts?quizId=${quiz}`),
      get(user, `/courses/quizzes/lessons/lesson-${quiz}`),
      app.inject({ method: 'POST', url: '/graphql', headers: user.headers, payload: { query } }),
    ])
    return responses.map(response => response.body).join('\n')
  }
  const secrets = /because of|"correctOptionId":"/

  t.test('a question is explained once it was answered right, and no other', async t => {
    const student = await enrolled()
    const first = await graded(student, 'free')
    t.match(first, { number: 1, score: 1, maxScore: 2, passed: false, studentId: student.userId })
    t.match(first.responses, [
      { questionId: 'free-q1', correct: false, correctOptionId: null, explanation: null },
      { correct: true, correctOptionId: 'free-q2-right', explanation: 'because of free q2' },
    ])
    t.notMatch(await allThatIsSent(student, 'free', first.id), /because of free q1/)
    await graded(student, 'free', { answers: answersTo('free', 'right', 'wrong') })
    t.strictSame(rightOptionsOf((await get(student, `/attempts/${first.id}`)).json()), [
      'free-q1-right',
      'free-q2-right',
    ])
  })

  t.test('the answers are shown to who teaches the course, and not to an admin', async t => {
    const admin = await createUser(testApp, { role: 'ADMIN' })
    const { id } = await graded(await enrolled(), 'free')
    const all = ['free-q1-right', 'free-q2-right']
    t.strictSame(rightOptionsOf((await get(owner, `/attempts/${id}`)).json()), all)
    t.strictSame(rightOptionsOf((await get(admin, `/attempts/${id}`)).json()), [null, 'free-q2-right'])
    t.notMatch(await allThatIsSent(admin, 'free', id), /because of free q1/)
  })

  for (const [quiz, attempts, shown] of [
    ['three', 3, ['three-q1-right', 'three-q2-right']],
    ['after-last', 2, ['after-last-q1-right', 'after-last-q2-right']],
    ['after-correct', 2, [null, 'after-correct-q2-right']],
    ['never', 1, [null, null]],
  ] as const) {
    t.test(`of the quiz '${quiz}' is told after ${attempts} attempts what its policy allows`, async t => {
      const student = await enrolled()
      for (let number = 1; number < attempts; number++) {
        const attempt = await graded(student, quiz)
        t.equal(attempt.number, number)
        if (quiz !== 'after-correct') t.notMatch(await allThatIsSent(student, quiz, attempt.id), secrets)
      }
      const last = await graded(student, quiz)
      t.strictSame(rightOptionsOf(last), shown)
      const everything = await allThatIsSent(student, quiz, last.id)
      if (shown.every(option => option === null)) t.notMatch(everything, secrets)
      t.match((await submit(student, quiz)).json(), { status: 409, code: 'QUIZ_NO_ATTEMPTS_LEFT' })
    })
  }

  t.test('what is smuggled is refused with its place, and nothing is stored', async t => {
    const student = await enrolled()
    const right = answersTo('free', 'right', 'right')
    const answered = (questionId: string, optionId: string) => [
      ...right.slice(0, 1),
      { questionId, optionId },
    ]
    const counts = async () => [await database.quizAttempt.count(), await database.quizResponse.count()]
    const before = await counts()
    for (const [body, status, code, place] of [
      [{ answers: answered('free-q2', 'free-q1-right') }, 422, 'QUIZ_UNKNOWN_OPTION', 'answers[1].optionId'],
      [{ answers: answered('free-q2', 'three-q2-right') }, 422, 'QUIZ_UNKNOWN_OPTION', 'answers[1].optionId'],
      [
        { answers: answered('three-q2', 'three-q2-right') },
        422,
        'QUIZ_UNKNOWN_QUESTION',
        'answers[1].questionId',
      ],
      [
        { answers: answered('free-q1', 'free-q1-wrong') },
        422,
        'QUIZ_DUPLICATE_ANSWER',
        'answers[1].questionId',
      ],
      [{ lessonRevisionId: randomUUID() }, 422, 'QUIZ_UNKNOWN_REVISION', 'lessonRevisionId'],
      [{ lessonRevisionId: await revisionOf('three') }, 422, 'QUIZ_UNKNOWN_REVISION', 'lessonRevisionId'],
      [{ lessonRevisionId: undefined }, 400, 'INVALID_INPUT', 'lessonRevisionId'],
      [{ lessonRevisionId: 'x' }, 400, 'INVALID_INPUT', 'lessonRevisionId'],
      [{ score: 2 }, 400, 'INVALID_INPUT', 'score'],
      [{ answers: [{ ...right[0], correct: true }] }, 400, 'INVALID_INPUT', 'correct'],
      [{ answers: Array.from({ length: 501 }, () => right[0]) }, 400, 'INVALID_INPUT', 'answers'],
      [{ answers: [{ questionId: 'q'.repeat(201), optionId: 'a' }] }, 400, 'INVALID_INPUT', 'questionId'],
      [{ key: 'ä' }, 400, 'INVALID_INPUT', 'Idempotency-Key'],
      [{ key: 'k'.repeat(201) }, 400, 'INVALID_INPUT', 'Idempotency-Key'],
      [{ idempotencyKey: 'another' }, 400, 'QUIZ_IDEMPOTENCY_KEYS_DIFFER', 'Idempotency-Key'],
      [{ padding: 'x'.repeat(2 ** 20) }, 413, 'BODY_TOO_LARGE', 'too large'],
    ] as const) {
      const response = await submit(student, 'free', body)
      t.match([response.statusCode, response.json().code], [status, code])
      t.ok(response.json().detail.includes(place), response.json().detail)
    }
    const noKey = { lessonRevisionId: await revisionOf('free'), answers: right }
    const url = '/api/v1/quizzes/free/attempts'
    const { headers } = student
    t.match((await app.inject({ method: 'POST', url, headers, payload: noKey })).json(), {
      status: 400,
      code: 'QUIZ_IDEMPOTENCY_KEY_MISSING',
    })
    t.match((await submit(student, 'nothing', noKey)).json(), { status: 404, code: 'NOT_FOUND' })
    t.strictSame(await counts(), before)
  })

  t.test('over GraphQL the same is refused with the same code', async t => {
    const student = await enrolled()
    const lessonRevisionId = await revisionOf('free')
    const query = 'mutation ($input: SubmitQuizInput!) { submitQuiz(input: $input) { id number } }'
    const ask = async (user: TestUser | undefined, changes: object) => {
      const input = { quizId: 'free', lessonRevisionId, idempotencyKey: 'one', answers: wrongRight('free') }
      const payload = { query, variables: { input: { ...input, ...changes } } }
      return (
        await app.inject({ method: 'POST', url: '/graphql', headers: { ...user?.headers }, payload })
      ).json()
    }
    t.match(await ask(student, {}), { data: { submitQuiz: { number: 1 } } })
    t.match(await ask(student, {}), { data: { submitQuiz: { number: 1 } } })
    for (const [user, changes, code] of [
      [student, { answers: answersTo('free', 'right', 'right') }, 'QUIZ_IDEMPOTENCY_KEY_REUSED'],
      [student, { answers: [{ questionId: 'free-q1', optionId: 'three-q1-right' }] }, 'QUIZ_UNKNOWN_OPTION'],
      [student, { answers: [{ questionId: 'x', optionId: 'x' }] }, 'QUIZ_UNKNOWN_QUESTION'],
      [student, { answers: [...wrongRight('free'), ...wrongRight('free')] }, 'QUIZ_DUPLICATE_ANSWER'],
      [student, { lessonRevisionId: randomUUID() }, 'QUIZ_UNKNOWN_REVISION'],
      [student, { lessonRevisionId: 'x' }, 'INVALID_INPUT'],
      [student, { quizId: 'nothing' }, 'NOT_FOUND'],
      [await createUser(testApp), {}, 'QUIZ_NOT_ENROLLED'],
      [undefined, {}, 'UNAUTHENTICATED'],
    ] as const) {
      t.match(await ask(user, changes), { data: null, errors: [{ extensions: { code } }] }, code)
    }
  })

  t.test('the same key is the same attempt, and other answers under it are refused', async t => {
    const student = await enrolled()
    const key = randomUUID()
    const first = await graded(student, 'three', { key })
    t.strictSame(await graded(student, 'three', { key, answers: wrongRight('three').toReversed() }), first)
    const other = await submit(student, 'three', { key, answers: answersTo('three', 'right', 'right') })
    t.match(other.json(), { status: 409, code: 'QUIZ_IDEMPOTENCY_KEY_REUSED' })
    t.equal((await graded(student, 'free', { key })).quizId, 'free')
    t.equal(await database.quizAttempt.count({ where: { userId: student.userId } }), 2)
    for (let attempt = 2; attempt <= 3; attempt++) await graded(student, 'three')
    t.equal((await graded(student, 'three', { key })).id, first.id, 'also when no attempt is left')
  })

  t.test('twenty at once with one key make one attempt, with keys of their own the maximum', async t => {
    const [student, other] = [await enrolled(), await enrolled()]
    const key = randomUUID()
    const twenty = Array.from({ length: 20 })
    const same = await Promise.all(twenty.map(() => graded(student, 'three', { key })))
    t.equal(new Set(same.map(attempt => attempt.id)).size, 1)
    const own = await Promise.all(twenty.map(() => submit(other, 'three')))
    const numbers = own.filter(({ statusCode }) => statusCode === 201).map(answer => answer.json().number)
    t.strictSame(numbers.sort(), [1, 2, 3])
    const refusals = own.filter(({ statusCode }) => statusCode !== 201).map(answer => answer.json().code)
    t.strictSame(new Set(refusals), new Set(['QUIZ_NO_ATTEMPTS_LEFT']))
    t.equal(await database.quizAttempt.count({ where: { userId: other.userId } }), 3)
  })

  t.test('lists go on from their cursor, the newest first, for the student and for the owner', async t => {
    const student = await enrolled()
    for (let n = 0; n < 3; n++) await graded(student, 'free')
    const head = (await get(student, '/me/attempts?first=2')).json()
    const tail = (await get(student, `/me/attempts?first=2&after=${head.pageInfo.endCursor}`)).json()
    const numbers = [...head.items, ...tail.items].map((attempt: { number: number }) => attempt.number)
    t.strictSame(numbers, [3, 2, 1])
    t.strictSame([head.pageInfo.hasNextPage, tail.pageInfo.hasNextPage], [true, false])
    t.match((await get(student, '/me/attempts?after=nonsense')).json(), {
      status: 400,
      code: 'INVALID_INPUT',
    })
    t.match((await get(owner, '/quizzes/free/attempts?first=1')).json().items, [
      { studentId: student.userId, number: 3, responses: [{ correctOptionId: 'free-q1-right' }, {}] },
    ])
  })

  t.test('an attempt keeps its revision, which does not bring back its limits', async t => {
    const student = await enrolled()
    const old = await revisionOf('edited')
    const first = await graded(student, 'edited')
    await revise('edited', { maxAttempts: 2, review: 'never', flipped: true })
    const second = await graded(student, 'edited', { lessonRevisionId: old })
    t.match(second, { number: 2, score: 1, lessonRevisionId: old })
    t.strictSame(rightOptionsOf(second), [null, null])
    const third = await submit(student, 'edited', { lessonRevisionId: old })
    t.match(third.json(), { status: 409, code: 'QUIZ_NO_ATTEMPTS_LEFT' })
    await archive('edited')
    t.match((await submit(student, 'edited', { lessonRevisionId: old })).json(), { code: 'NOT_FOUND' })
    t.match((await get(student, `/attempts/${first.id}`)).json(), { score: 1, lessonRevisionId: old })
    const seen = (await get(owner, `/attempts/${first.id}`)).json()
    t.strictSame(rightOptionsOf(seen), ['edited-q1-right', 'edited-q2-right'])
    t.equal((await get(owner, '/quizzes/edited/attempts')).json().items.length, 2)
  })
})
