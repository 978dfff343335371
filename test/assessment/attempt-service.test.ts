import { randomUUID } from 'node:crypto'
import t from 'tap'
import { createAttemptService } from '../../src/assessment/attempt-service.js'
import { anonymous } from '../../src/identity/contract.js'
import { createLearningService } from '../../src/learning/learning-service.js'
import { openTestDependencies } from '../support/app.js'
import { answersTo, createActor, createQuizzes, quizOf } from './fixture.js'

const page = { first: 20, after: undefined }

t.test('quiz attempts', async t => {
  const { deps } = await openTestDependencies(t)
  const { database } = deps
  const owner = await createActor(database, 'INSTRUCTOR')
  const { catalog, revise, archive } = await createQuizzes(database, owner.userId)
  const learning = createLearningService({
    database,
    catalog: {
      findCourse: async () => ({
        ...{ courseId: 'course', ownerId: owner.userId, state: 'PUBLISHED' },
        ...{ lessonIds: ['lesson'], quizIds: ['free', 'three'] },
      }),
      findLesson: async (_actor, id) => (id === 'lesson' ? { courseId: 'course' } : undefined),
    },
    findPassedQuizzes: (userId, quizIds) => service.findPassed(userId, quizIds),
  })
  const service = createAttemptService({ database, catalog, enrolments: learning })
  const free = await revise(quizOf('free'))
  const three = await revise(quizOf('three', { maxAttempts: 3 }))

  const enrolled = async () => {
    const student = await createActor(database, 'STUDENT')
    await learning.enrol(student, 'course')
    return student
  }
  const submission = (
    quizId: string,
    lessonRevisionId: string,
    answers = answersTo(quizId, 'wrong', 'right'),
  ) => ({
    ...{ quizId, lessonRevisionId, answers },
    idempotencyKey: randomUUID(),
  })

  t.test('the right option of a question is told once it was answered right, and no other', async t => {
    const student = await enrolled()
    const first = await service.submitQuiz(student, submission('free', free))
    t.match(first, { number: 1, score: 1, maxScore: 2, passed: false })
    t.strictSame(
      first.responses.map(({ correct, correctOptionId, explanation }) => [
        correct,
        correctOptionId,
        explanation,
      ]),
      [
        [false, null, null],
        [true, 'free-q2-right', 'because of q2'],
      ],
    )
    t.notMatch(JSON.stringify(first), /free-q1-right|because of q1/)
    await service.submitQuiz(student, submission('free', free, answersTo('free', 'right', 'wrong')))
    const again = await service.getAttempt(student, first.id)
    t.strictSame(
      again.responses.map(response => response.correctOptionId),
      ['free-q1-right', 'free-q2-right'],
    )
  })

  t.test('where attempts are counted, nothing is told before the last one', async t => {
    const student = await enrolled()
    for (const left of [2, 1]) {
      const result = await service.submitQuiz(student, submission('three', three))
      t.notMatch(JSON.stringify(result), /because|three-q1-right/)
      t.ok(result.responses.every(response => response.correctOptionId === null))
      t.match(await service.findStandings(student, ['three']), [{ attemptsLeft: left, bestScore: 1 }])
    }
    const { page: before } = await service.listMine(student, { quizId: 'three' }, page)
    t.notMatch(JSON.stringify(before), /because|three-q1-right/)
    const last = await service.submitQuiz(student, submission('three', three))
    t.match(last.responses, [{ correctOptionId: 'three-q1-right' }, { correctOptionId: 'three-q2-right' }])
    await t.rejects(service.submitQuiz(student, submission('three', three)), {
      code: 'QUIZ_NO_ATTEMPTS_LEFT',
    })
  })

  t.test('what is refused stores nothing', async t => {
    const student = await enrolled()
    const stranger = await createActor(database, 'STUDENT')
    const reader = { ...student, scopes: ['read'] as const }
    const good = submission('free', free)
    const foreign = { questionId: 'free-q1', optionId: 'three-q1-right' }
    const unknown = { questionId: 'three-q1', optionId: 'three-q1-right' }
    const before = [await database.quizAttempt.count(), await database.quizResponse.count()]
    const cases = [
      [anonymous, good, 'UNAUTHENTICATED'],
      [reader, good, 'SCOPE_REQUIRED'],
      [stranger, good, 'QUIZ_NOT_ENROLLED'],
      [student, { ...good, quizId: 'nothing' }, 'NOT_FOUND'],
      [student, { ...good, lessonRevisionId: randomUUID() }, 'QUIZ_UNKNOWN_REVISION'],
      [student, { ...good, lessonRevisionId: three }, 'QUIZ_UNKNOWN_REVISION'],
      [student, { ...good, answers: [foreign] }, 'QUIZ_UNKNOWN_OPTION'],
      [student, { ...good, answers: [unknown] }, 'QUIZ_UNKNOWN_QUESTION'],
      [student, { ...good, answers: [...good.answers, ...good.answers] }, 'QUIZ_DUPLICATE_ANSWER'],
    ] as const
    for (const [actor, input, code] of cases) {
      await t.rejects(service.submitQuiz(actor, { ...input, answers: [...input.answers] }), { code })
    }
    t.strictSame([await database.quizAttempt.count(), await database.quizResponse.count()], before)
  })

  t.test('the same key is the same attempt, and other answers under it are refused', async t => {
    const student = await enrolled()
    const input = submission('three', three)
    const first = await service.submitQuiz(student, input)
    t.strictSame(await service.submitQuiz(student, { ...input, answers: input.answers.toReversed() }), first)
    const other = { ...input, answers: answersTo('three', 'right', 'right') }
    await t.rejects(service.submitQuiz(student, other), { code: 'QUIZ_IDEMPOTENCY_KEY_REUSED', status: 409 })
    t.equal(await database.quizAttempt.count({ where: { userId: student.userId } }), 1)
  })

  t.test('twenty submissions at once with one key make one attempt', async t => {
    const student = await enrolled()
    const input = submission('three', three)
    const results = await Promise.all(Array.from({ length: 20 }, () => service.submitQuiz(student, input)))
    t.equal(new Set(results.map(result => result.id)).size, 1)
    t.equal(await database.quizAttempt.count({ where: { userId: student.userId } }), 1)
  })

  t.test('twenty submissions at once with keys of their own stop at the maximum', async t => {
    const student = await enrolled()
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, () => service.submitQuiz(student, submission('three', three))),
    )
    const numbers = outcomes.flatMap(outcome =>
      outcome.status === 'fulfilled' ? [outcome.value.number] : [],
    )
    t.strictSame(numbers.toSorted(), [1, 2, 3])
    const refusals = outcomes.flatMap(outcome => (outcome.status === 'rejected' ? [outcome.reason.code] : []))
    t.strictSame(new Set(refusals), new Set(['QUIZ_NO_ATTEMPTS_LEFT']))
    t.equal(await database.quizAttempt.count({ where: { userId: student.userId } }), 3)
  })

  t.test("another student's attempt is as good as missing; the course's owner sees it whole", async t => {
    const [student, other] = [await enrolled(), await enrolled()]
    const stranger = await createActor(database, 'INSTRUCTOR')
    const admin = await createActor(database, 'ADMIN')
    const { id } = await service.submitQuiz(student, submission('three', three))
    for (const actor of [other, stranger]) {
      t.equal(await service.findAttempt(actor, id), undefined)
      await t.rejects(service.getAttempt(actor, id), { code: 'NOT_FOUND' })
      await t.rejects(service.listOfQuiz(actor, 'three', page), { code: 'NOT_FOUND' })
    }
    await t.rejects(service.findAttempt(anonymous, id), { code: 'UNAUTHENTICATED' })
    t.strictSame((await service.listMine(other, {}, page)).page.items, [])
    for (const actor of [owner, admin]) {
      t.match((await service.getAttempt(actor, id)).responses, [{ correctOptionId: 'three-q1-right' }, {}])
      t.ok((await service.listOfQuiz(actor, 'three', page)).page.items.some(attempt => attempt.id === id))
    }
  })

  t.test('a list goes on from its cursor, the newest first', async t => {
    const student = await enrolled()
    for (let n = 0; n < 3; n++) await service.submitQuiz(student, submission('free', free))
    const { page: head, count } = await service.listMine(student, {}, { first: 2, after: undefined })
    const after = head.pageInfo.endCursor ?? undefined
    const { page: tail } = await service.listMine(student, {}, { first: 2, after })
    t.strictSame(
      [...head.items, ...tail.items].map(attempt => attempt.number),
      [3, 2, 1],
    )
    t.strictSame([await count(), head.pageInfo.hasNextPage, tail.pageInfo.hasNextPage], [3, true, false])
    t.strictSame([head.pageInfo.hasPreviousPage, tail.pageInfo.hasPreviousPage], [false, true])
    const lists = await service.listMineByQuiz(student, ['three', 'free'], { last: 1, before: after })
    t.strictSame(
      lists.map(({ page }) => [page.items.map(attempt => attempt.number), page.pageInfo.hasNextPage]),
      [
        [[], false],
        [[3], true],
      ],
    )
  })

  t.test('progress counts lessons read and quizzes passed, on any attempt', async t => {
    const student = await enrolled()
    const outsider = await createActor(database, 'STUDENT')
    await t.rejects(learning.markLessonRead(outsider, 'lesson'), { code: 'ENROLMENT_REQUIRED' })
    await t.rejects(learning.markLessonRead(student, 'nothing'), { code: 'NOT_FOUND' })
    await t.rejects(learning.enrol(anonymous, 'course'), { code: 'UNAUTHENTICATED' })
    await Promise.all([1, 2].map(() => learning.markLessonRead(student, 'lesson')))
    await service.submitQuiz(student, submission('free', free))
    t.match(await learning.listMine(student), [{ progress: { lessonsRead: 1, quizzesPassed: 0 } }])
    await service.submitQuiz(student, submission('free', free, answersTo('free', 'right', 'right')))
    t.match(await learning.listMine(student), [
      { courseId: 'course', progress: { quizzesPassed: 1, share: 2 / 3 } },
    ])
    t.strictSame(await learning.findProgress(outsider, ['course']), [undefined])
    t.strictSame(
      [await learning.leave(student, 'course'), await learning.leave(student, 'course')],
      [true, false],
    )
    t.strictSame(await learning.listMine(student), [])
  })

  t.test('an attempt keeps its revision, and an old revision does not bring back its limits', async t => {
    const old = await revise(quizOf('edited'))
    const student = await enrolled()
    const first = await service.submitQuiz(student, submission('edited', old))
    const flipped = quizOf('edited', { maxAttempts: 2, review: 'never' })
    await revise({
      ...flipped,
      questions: flipped.questions.map(q => ({
        ...q,
        correctOptionId: q.correctOptionId.replace('right', 'wrong'),
      })),
    })
    t.match(await service.getAttempt(student, first.id), { lessonRevisionId: old, score: 1 })
    const second = await service.submitQuiz(student, submission('edited', old))
    t.match(second, {
      lessonRevisionId: old,
      score: 1,
      responses: [{ correctOptionId: null }, { correctOptionId: null }],
    })
    await t.rejects(service.submitQuiz(student, submission('edited', old)), { code: 'QUIZ_NO_ATTEMPTS_LEFT' })
    archive('edited')
    t.match(await service.getAttempt(student, first.id), {
      score: 1,
      responses: [{ correctOptionId: null }, {}],
    })
  })
})
