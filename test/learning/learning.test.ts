import { randomUUID } from 'node:crypto'
import t from 'tap'
import { answersTo, openCourse } from '../assessment/course.js'
import { startTestApp } from '../support/app.js'
import { createUser, type TestUser } from '../support/users.js'

t.test('enrolment and progress', async t => {
  const testApp = await startTestApp(t)
  const { app, deps } = testApp
  const owner = await createUser(testApp, { role: 'INSTRUCTOR' })
  const { revisionOf, enrolled } = await openCourse(t, testApp, owner)

  const send = (user: TestUser | undefined, method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string) =>
    app.inject({ method, url: `/api/v1${url}`, headers: { ...user?.headers } })
  const ask = async (user: TestUser | undefined, query: string) =>
    (
      await app.inject({ method: 'POST', url: '/graphql', headers: { ...user?.headers }, payload: { query } })
    ).json()
  const submit = async (user: TestUser, quiz: string, q1: 'right' | 'wrong') => {
    const response = await app.inject({
      method: 'POST',
      url: `/api/v1/quizzes/${quiz}/attempts`,
      headers: { ...user.headers, 'idempotency-key': randomUUID() },
      payload: { lessonRevisionId: await revisionOf(quiz), answers: answersTo(quiz, q1, 'right') },
    })
    t.equal(response.statusCode, 201)
  }

  t.test('lessons read and quizzes passed count, each once, the same on both faces', async t => {
    const student = await enrolled()
    for (let time = 0; time < 2; time++) {
      t.equal((await send(student, 'PUT', '/lessons/lesson-free/read')).statusCode, 204)
    }
    await submit(student, 'free', 'wrong')
    t.match((await send(student, 'GET', '/me/progress')).json().items, [{ progress: { quizzesPassed: 0 } }])
    await submit(student, 'free', 'right')
    await submit(student, 'free', 'wrong')
    const progress = { lessonsRead: 1, lessonCount: 6, quizzesPassed: 1, quizCount: 6, share: 1 / 6 }
    t.match((await send(student, 'GET', '/me/progress')).json().items, [{ courseId: 'quizzes', progress }])
    const page = `{
      myCourses { courseId progress { share } }
      course(slug: "quizzes") {
        enrolled progress { lessonsRead lessonCount quizzesPassed quizCount share }
        lessons { read quiz { attemptsLeft bestScore } }
      }
    }`
    const { course, myCourses } = (await ask(student, page)).data
    t.strictSame([myCourses.length, course.enrolled, course.progress], [1, true, progress])
    t.match(course.lessons, [
      { read: true, quiz: { attemptsLeft: null, bestScore: 2 } },
      { read: false, quiz: { attemptsLeft: 3, bestScore: null } },
    ])
    const { data } = await ask(undefined, page.replace('myCourses { courseId progress { share } }', ''))
    t.match(data.course, { enrolled: false, progress: null, lessons: [{ read: false }] })
  })

  t.test('who leaves is enrolled no more, and finds all again', async t => {
    const student = await enrolled()
    await send(student, 'PUT', '/lessons/lesson-free/read')
    const leave = 'mutation { leaveCourse(courseId: "quizzes") }'
    t.strictSame(await ask(student, leave), { data: { leaveCourse: true } })
    t.strictSame(await ask(student, leave), { data: { leaveCourse: false } })
    t.equal((await send(student, 'DELETE', '/courses/quizzes/enrolment')).statusCode, 204)
    t.strictSame((await send(student, 'GET', '/me/progress')).json().items, [])
    t.match((await send(student, 'PUT', '/lessons/lesson-free/read')).json(), { code: 'ENROLMENT_REQUIRED' })
    await ask(student, 'mutation { enrol(courseId: "quizzes") }')
    t.match((await send(student, 'GET', '/me/progress')).json().items, [{ progress: { lessonsRead: 1 } }])
  })

  t.test('what is refused has its code, on both faces', async t => {
    const outsider = await createUser(testApp)
    for (const [user, method, url, query, code] of [
      [undefined, 'POST', '/courses/quizzes/enrolment', 'enrol(courseId: "quizzes")', 'UNAUTHENTICATED'],
      [
        undefined,
        'DELETE',
        '/courses/quizzes/enrolment',
        'leaveCourse(courseId: "quizzes")',
        'UNAUTHENTICATED',
      ],
      [
        undefined,
        'PUT',
        '/lessons/lesson-free/read',
        'markLessonRead(lessonId: "lesson-free")',
        'UNAUTHENTICATED',
      ],
      [outsider, 'POST', '/courses/nothing/enrolment', 'enrol(courseId: "nothing")', 'NOT_FOUND'],
      [outsider, 'PUT', '/lessons/nothing/read', 'markLessonRead(lessonId: "nothing")', 'NOT_FOUND'],
      [
        outsider,
        'PUT',
        '/lessons/lesson-free/read',
        'markLessonRead(lessonId: "lesson-free")',
        'ENROLMENT_REQUIRED',
      ],
    ] as const) {
      t.match((await send(user, method, url)).json(), { code })
      t.match(await ask(user, `mutation { ${query} }`), { errors: [{ extensions: { code } }] })
    }
    t.match((await send(undefined, 'GET', '/me/progress')).json(), { code: 'UNAUTHENTICATED' })
    t.match(await ask(undefined, '{ myCourses { courseId } }'), {
      errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    })
    t.equal(await deps.database.lessonRead.count({ where: { userId: outsider.userId } }), 0)
  })

  t.test('a course that is withdrawn takes nobody, and is as good as missing but for its owner', async t => {
    const student = await enrolled()
    const { identity } = app
    const actor = (await identity.authenticate(owner.token)) ?? { kind: 'anonymous' as const }
    await app.catalog.setCourseState(actor, 'quizzes', 'DRAFT')
    t.teardown(() => app.catalog.setCourseState(actor, 'quizzes', 'PUBLISHED'))
    t.match((await send(owner, 'POST', '/courses/quizzes/enrolment')).json(), {
      status: 409,
      code: 'COURSE_NOT_OPEN',
    })
    const answers = await Promise.all(
      ['quizzes', 'nothing'].map(slug => send(student, 'POST', `/courses/${slug}/enrolment`)),
    )
    const [hidden, missing] = answers.map(answer => ({ ...answer.json(), requestId: '' }))
    t.strictSame(hidden, missing)
    t.strictSame((await send(student, 'GET', '/me/progress')).json().items, [])
  })
})
