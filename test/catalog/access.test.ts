import { randomUUID } from 'node:crypto'
import type { GraphQLOutputType } from 'graphql'
import { getNamedType, isLeafType, isObjectType } from 'graphql'
import t from 'tap'
import { buildSchema } from '../../src/platform/graphql/schema.js'
import { startTestApp } from '../support/app.js'
import { createUser, type TestUser } from '../support/users.js'
import { createCourseFiles, secretExplanation, writeCourse } from './course-files.js'
import { createReaders } from './readers.js'

const brewing = '/api/v1/courses/tea/lessons/tea-brewing'

t.test('courses, and who may see and change them', async t => {
  const testApp = await startTestApp(t)
  const { app } = testApp
  const owner = await createUser(testApp, { role: 'INSTRUCTOR' })
  const other = await createUser(testApp, { role: 'INSTRUCTOR' })
  const admin = await createUser(testApp, { role: 'ADMIN' })
  const student = await createUser(testApp)
  const outsiders = [undefined, student, other]

  const files = createCourseFiles(t)
  writeCourse(files)
  const options = { ownerEmail: owner.email }
  const { get, post, ask, setState, patchState, importAndTell } = createReaders(testApp)
  const imported = (options = {}) => importAndTell(files.root, options)
  await imported(options)

  /** What an answer says, without what is new in every answer. */
  const said = ({ statusCode, body }: { statusCode: number; body: string }) => [
    statusCode,
    body.replace(/"requestId":"[^"]*"/, ''),
  ]
  const read = (course: string, lesson: string) =>
    `{ course(slug: "${course}") { id } lesson(course: "${course}", slug: "${lesson}") { id } courses { totalCount edges { node { id } } } }`

  await t.test('a draft is as good as missing for all but its owner and admins', async t => {
    for (const user of outsiders) {
      t.strictSame(await ask(user, read('tea', 'tea-brewing')), await ask(user, read('no', 'no')))
      t.strictSame(said(await get('/api/v1/courses/tea', user)), said(await get('/api/v1/courses/no', user)))
      t.strictSame(said(await get(brewing, user)), said(await get('/api/v1/courses/no/lessons/no', user)))
      t.strictSame((await get('/api/v1/courses', user)).json().items, [])
      t.strictSame(await setState(user, 'PUBLISHED'), await setState(user, 'PUBLISHED', 'no'))
      t.strictSame(said(await patchState(user, 'PUBLISHED')), said(await patchState(user, 'PUBLISHED', 'no')))
    }
    for (const user of [owner, admin]) {
      t.match(await ask(user, read('tea', 'tea-brewing')), {
        data: { course: { id: 'tea' }, lesson: { id: 'tea-brewing' }, courses: { totalCount: 1 } },
      })
      t.equal((await get(brewing, user)).statusCode, 200)
    }
  })

  await t.test('its owner publishes it, over either face, and an admin may', async t => {
    t.match(await setState(owner, 'PUBLISHED'), { data: { setCourseState: { state: 'PUBLISHED' } } })
    t.equal((await get(brewing)).statusCode, 200)
    const refusals = [
      [undefined, 401, 'UNAUTHENTICATED'],
      [student, 403, 'SCOPE_REQUIRED'],
      [other, 403, 'FORBIDDEN'],
    ] as const
    for (const [user, status, code] of refusals) {
      t.match(await setState(user, 'DRAFT'), { errors: [{ extensions: { code } }] })
      const response = await patchState(user, 'DRAFT')
      t.match([response.statusCode, response.json()], [status, { code }])
    }
    t.equal((await get(brewing)).statusCode, 200, 'nothing was changed')
    t.match((await patchState(owner, 'ARCHIVED')).json(), { state: 'ARCHIVED' })
    t.equal((await get(brewing)).statusCode, 404)
    t.equal((await get(brewing, owner)).statusCode, 200)
    t.equal((await patchState(owner, 'GONE')).statusCode, 400)
    t.match((await patchState(admin, 'PUBLISHED')).json(), { state: 'PUBLISHED' })
  })

  await t.test('no answer of the catalog depends on which option is right', async t => {
    // Every field of every type that a lesson, a course or the list of courses leads to.
    const fields = (type: GraphQLOutputType, seen: readonly string[]): string => {
      const named = getNamedType(type)
      if (!isObjectType(named)) return ''
      const inside = Object.values(named.getFields()).flatMap(field => {
        const leadsTo = getNamedType(field.type)
        if (field.args.some(arg => arg.type.toString().endsWith('!')) || field.name === 'answerKey') return []
        if (isLeafType(leadsTo)) return [field.name]
        if (seen.includes(leadsTo.name) || seen.length > 6) return []
        const selection = fields(field.type, [...seen, leadsTo.name])
        // Pages of one: the limit on what a query may ask for is not what is tested.
        const page = field.args.some(({ name }) => name === 'first') ? '(first: 1)' : ''
        return selection === '' ? [] : [`${field.name}${page} ${selection}`]
      })
      return inside.length === 0 ? '' : `{ ${inside.join(' ')} }`
    }
    const { course, lesson, courses } = buildSchema(app.schemaParts).getQueryType()?.getFields() ?? {}
    if (!course || !lesson || !courses) throw new Error('The schema has no catalog')
    const queries = [
      `{ lesson(course: "tea", slug: "tea-brewing") ${fields(lesson.type, ['Lesson', 'QuizAttempt'])} }`,
      `{ course(slug: "tea") ${fields(course.type, ['Course', 'QuizAttempt'])} }`,
      `{ courses(first: 1) ${fields(courses.type, ['CourseConnection', 'QuizAttempt'])} }`,
      '{ lesson(course: "tea", slug: "tea-leaves") { previous { quiz { answerKey { correctOptionId } } } } }',
    ]
    const urls = ['/api/v1/courses', '/api/v1/courses/tea', brewing]
    const everything = async (user?: TestUser) => {
      const answers = [
        ...(await Promise.all(queries.map(query => ask(user, query)))),
        ...(await Promise.all(urls.map(url => get(url, user)))).map(({ body, headers }) => [
          body,
          headers.etag,
        ]),
      ]
      t.notMatch(JSON.stringify(answers), /"errors"|"statusCode":[45]/)
      const ids = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
      return JSON.stringify(answers).replace(ids, 'id')
    }
    const before = await Promise.all(outsiders.map(everything))
    for (const body of before) {
      t.match(body, /75 degrees/, 'the quiz was read')
      t.notMatch(body, new RegExp(`${secretExplanation}|correctOptionId|explanation`))
    }
    files.edit(
      'tea/brewing/quiz.yaml',
      '        correct: true\n      - id: c\n',
      '      - id: c\n        correct: true\n',
    )
    files.edit('tea/brewing/quiz.yaml', secretExplanation, 'Something else')
    await imported()
    t.strictSame(await Promise.all(outsiders.map(everything)), before)
  })

  await t.test('the answer key is for the owner alone', async t => {
    const query = `{ lesson(course: "tea", slug: "tea-brewing") { quiz { answerKey { questionId correctOptionId explanation } } } }`
    t.match(await ask(owner, query), {
      data: {
        lesson: {
          quiz: {
            answerKey: [
              { questionId: 'green-1', correctOptionId: 'c', explanation: /Something else/ },
              { questionId: 'green-2', correctOptionId: 'b' },
            ],
          },
        },
      },
    })
    for (const user of outsiders)
      t.match(await ask(user, query), { data: { lesson: { quiz: { answerKey: null } } } })
  })

  const revisionNow = async () => (await get(brewing, owner)).json().revision
  const submit = (user: TestUser, lessonRevisionId: string) =>
    post('/api/v1/quizzes/tea-brewing-quiz/attempts', user, {
      ...{ lessonRevisionId, idempotencyKey: randomUUID() },
      answers: [{ questionId: 'green-1', optionId: 'a' }],
    })
  const edit = async (from: string, to: string) => {
    files.edit('tea/brewing/quiz.yaml', from, to)
    await imported()
  }

  await t.test('a submission names a revision that was published once, and no other', async t => {
    const first = await revisionNow()
    await setState(owner, 'DRAFT')
    await edit('75 degrees', '76 degrees')
    const secret = await revisionNow()
    await edit('76 degrees', '77 degrees')
    await setState(owner, 'PUBLISHED')
    await post('/graphql', student, { query: 'mutation { enrol(courseId: "tea") }' })
    t.match((await submit(student, secret)).json(), { code: 'QUIZ_UNKNOWN_REVISION' })
    t.match((await submit(student, randomUUID())).json(), { code: 'QUIZ_UNKNOWN_REVISION' })
    for (const revision of [first, await revisionNow()]) {
      t.equal((await submit(student, revision)).statusCode, 201)
    }
  })

  const myAttempts = `{ lesson(course: "tea", slug: "tea-brewing") {
    quiz { myAttempts(first: 1) { totalCount pageInfo { hasNextPage endCursor } edges { node { number quiz { questions { prompt { html } } } } } } }
    next { quiz { myAttempts { totalCount } } }
  } }`

  await t.test("a quiz holds one's own attempts", async t => {
    const answer = await ask(student, myAttempts)
    t.match(answer.data.lesson, {
      quiz: {
        myAttempts: {
          ...{ totalCount: 2, pageInfo: { hasNextPage: true } },
          edges: [{ node: { number: 2, quiz: { questions: [{ prompt: { html: /<p>About/ } }, {}] } } }],
        },
      },
      next: { quiz: { myAttempts: { totalCount: 0 } } },
    })
    const after = answer.data.lesson.quiz.myAttempts.pageInfo.endCursor
    const rest = await ask(student, myAttempts.replace('first: 1', `first: 1, after: "${after}"`))
    t.match(rest.data.lesson.quiz.myAttempts, {
      pageInfo: { hasNextPage: false },
      edges: [{ node: { number: 1 } }],
    })
    t.match(await ask(other, myAttempts), { data: { lesson: { quiz: { myAttempts: { totalCount: 0 } } } } })
    t.match(await ask(undefined, myAttempts), { data: { lesson: { quiz: { myAttempts: null } } } })
  })

  await t.test(
    'attempts at a quiz that was archived stay, with the questions that they answered',
    async t => {
      files.remove('tea/brewing/quiz.yaml')
      await imported()
      t.match(await ask(student, myAttempts), { data: { lesson: { quiz: null } } })
      const [latest, first] = (await get('/api/v1/me/attempts', student)).json().items
      t.match(first, { score: 0, responses: [{ optionId: 'a', correct: false, correctOptionId: null }, {}] })
      t.match(
        (await get(`/api/v1/attempts/${first.id}/quiz`, student)).json().questions[0].options[1].text
          .markdown,
        '75',
      )
      t.match(
        (await get(`/api/v1/attempts/${latest.id}/quiz`, student)).json().questions[0].options[1].text
          .markdown,
        '77',
      )
      t.equal((await get(`/api/v1/attempts/${first.id}/quiz`, other)).statusCode, 404)
      t.equal((await submit(student, first.lessonRevisionId)).statusCode, 404)
      const taught = await get('/api/v1/quizzes/tea-brewing-quiz/attempts', owner)
      t.match(taught.json().items, [
        { id: latest.id },
        { id: first.id, responses: [{ correctOptionId: 'c' }, {}] },
      ])
      t.equal((await get('/api/v1/quizzes/tea-brewing-quiz/attempts', other)).statusCode, 404)
    },
  )

  await t.test('an archived lesson is missing, and a course without files waits for them', async t => {
    writeCourse(files, 'milk')
    files.edit('tea/course.yaml', '  - leaves\n', '')
    await imported({ ...options, publish: true })
    const leaves = brewing.replace('brewing', 'leaves')
    for (const user of [undefined, owner]) t.equal((await get(leaves, user)).statusCode, 404)
    t.match((await get(brewing)).json(), { previous: null, next: null })
    files.remove('milk')
    await imported()
    t.equal((await get('/api/v1/courses/milk')).statusCode, 404)
    t.match((await get('/api/v1/courses/milk', owner)).json(), { state: 'ARCHIVED' })
    t.match((await patchState(owner, 'PUBLISHED', 'milk')).json(), {
      status: 409,
      code: 'COURSE_WITHOUT_FILES',
    })
  })

  await t.test('the list of courses comes page by page, forwards and backwards, over both faces', async t => {
    for (const id of ['a', 'b', 'c', 'd']) writeCourse(files, id)
    await imported({ ...options, publish: true })
    interface CoursePage {
      items: { id: string }[]
      pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string; endCursor: string }
    }
    const page = async (args: Record<string, string | number>): Promise<CoursePage> => {
      const text = Object.entries(args).map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
      const { data } = await ask(
        undefined,
        `{ courses(${text}) { totalCount edges { node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`,
      )
      const query = new URLSearchParams()
      for (const [name, value] of Object.entries(args)) query.set(name, String(value))
      const rest: CoursePage = (await get(`/api/v1/courses?${query}`)).json()
      const { totalCount, edges, pageInfo } = data.courses
      t.strictSame([totalCount, rest.pageInfo], [5, pageInfo])
      t.strictSame(
        rest.items.map(({ id }) => id),
        edges.map(({ node }: { node: { id: string } }) => node.id),
      )
      return rest
    }
    const ids = ({ items }: CoursePage) => items.map(({ id }) => id).join()
    const first = await page({ first: 2 })
    const second = await page({ first: 2, after: first.pageInfo.endCursor })
    const third = await page({ first: 2, after: second.pageInfo.endCursor })
    t.strictSame([first, second, third].map(ids), ['a,b', 'c,d', 'tea'])
    t.strictSame(
      [first, second, third].map(({ pageInfo }) => pageInfo.hasNextPage),
      [true, true, false],
    )
    const last = await page({ last: 2 })
    const before = await page({ last: 2, before: last.pageInfo.startCursor })
    t.strictSame([last, before].map(ids), ['d,tea', 'b,c'])
    t.match(before.pageInfo, { hasNextPage: true, hasPreviousPage: true })
    t.match(await page({ first: 2, after: third.pageInfo.endCursor }), {
      items: [],
      pageInfo: { hasNextPage: false },
    })

    const long = 'x'.repeat(300)
    for (const args of [
      'first: 0',
      'first: 101',
      'last: -1',
      `after: "${long}"`,
      'after: "!!!"',
      'before: "AAAA"',
    ]) {
      const answer = await ask(undefined, `{ courses(${args}) { totalCount } }`)
      t.match(answer, { errors: [{ extensions: { code: 'INVALID_INPUT' } }] }, args)
      const rest = await get(`/api/v1/courses?${args.replace(': ', '=').replaceAll('"', '')}`)
      t.match([rest.statusCode, rest.json()], [400, { code: 'INVALID_INPUT' }], args)
    }
  })
})
