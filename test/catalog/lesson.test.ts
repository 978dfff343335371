import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { buildApp } from '../../src/app.js'
import { openCourseIndex } from '../../src/catalog/course-index.js'
import { importContent } from '../../src/catalog/import/import-content.js'
import { startTestApp, type TestApp } from '../support/app.js'
import { countStatements } from '../support/count-statements.js'
import { createUser, type TestUser } from '../support/users.js'
import { type CourseFiles, createCourseFiles, writeCourse, writeLesson } from './course-files.js'

const wholeLesson = (slug: string) => `{ lesson(course: "tea", slug: "${slug}") {
  id slug title revision course { title summary { html } lessons { title } }
  overview { html } whyItMatters { html } text { markdown html } keyPoints { html }
  keyConcepts { term definition { html } } codeExamples { title language source }
  fromTheBooks { note { html } author title year place } figures { path url }
  quiz { id title maxAttempts questions { id prompt { html } options { id text { html } } } }
  labs { id title description { html } spec } previous { title } next { title text { html } }
} }`

const catalogTables =
  /"(courses|course_revisions|course_revision_lessons|lessons|lesson_revisions|quizzes|labs|assets)"/

t.test('lessons', async t => {
  const testApp = await startTestApp(t)
  const owner = await createUser(testApp, { role: 'INSTRUCTOR' })
  await t.test('of the course that comes with Lyceum', t => readOwnCourse(t, testApp))
  await t.test('with hostile Markdown reach a reader as text', t => readHostileLesson(t, testApp))
  const files = createCourseFiles(t)
  writeCourse(files)
  writeLesson(files, 'tea/leaves', 'tea-leaves', 50)
  await importContent(testApp.deps.database, files.root, { ownerEmail: owner.email, publish: true })
  await t.test('are read from memory', t => readFromMemory(t, testApp))
  await t.test('are the same in two API processes', t => readInTwoProcesses(t, testApp, owner, files))
})

async function readOwnCourse(t: Test, { app, deps }: TestApp) {
  await importContent(deps.database, 'content', { publish: true })
  const lesson = '/api/v1/courses/deep-learning-basics/lessons/convolutional-neural-networks'

  await t.test('is imported whole, and once', async t => {
    t.match(await importContent(deps.database, 'content'), [
      { outcome: 'unchanged', lessons: { unchanged: 10 } },
    ])
    t.equal(await deps.database.lessonRevision.count(), 10)
  })

  await t.test('is read with mathematics, and not sent again to a client that holds it', async t => {
    const response = await app.inject(lesson)
    t.match(response.json(), { text: { html: /<math / }, next: { slug: 'lenet-5' } })
    const headers = { 'if-none-match': String(response.headers.etag) }
    t.equal((await app.inject({ url: lesson, headers })).statusCode, 304)
  })

  await t.test('says of each lab whether it can be launched here', async t => {
    t.match((await app.inject(lesson)).json().labs, [{ available: true, unavailableReason: null }])
    // Of every lesson of the course that comes with Lyceum.
    const query = '{ course(slug: "deep-learning-basics") { lessons { labs { id available } } } }'
    const { lessons } = (await app.inject({ method: 'POST', url: '/graphql', payload: { query } })).json()
      .data.course
    const labs: { id: string; available: boolean }[] = lessons.flatMap(({ labs }: { labs: object[] }) => labs)
    t.ok(labs.length >= 10)
    t.strictSame(
      labs.filter(({ available }) => !available),
      [],
    )
  })

  await t.test('shows its figures, which can run nothing', async t => {
    const [figure] = (await app.inject(lesson)).json().figures
    const { statusCode, headers } = await app.inject(figure.url)
    t.equal(statusCode, 200)
    t.match(headers['content-security-policy'], /sandbox/)
    t.match(headers['cache-control'], /immutable/)
    t.equal((await app.inject(figure.url.replace('.svg', '.png'))).statusCode, 404)
    t.equal((await app.inject('/assets/..%2f..%2fpackage.json')).statusCode, 404)
  })
}

async function readHostileLesson(t: Test, { app, deps }: TestApp) {
  const files = createCourseFiles(t)
  writeCourse(files, 'mate')
  const hostile = `<script>alert(1)</script>

<img src=x onerror=alert(1)> <iframe src="https://example.org"></iframe> <svg onload=alert(1)>

[a](javascript:alert(1)) [b](data:text/html,x) [c](//example.org) [d](vbscript:x) ![e](javascript:alert(1)) <javascript:alert(1)>

[ok](https://example.org "\\" onclick=alert(1) x=\\"")
`
  files.write('mate/brewing/text.md', hostile)
  files.edit('mate/brewing/quiz.yaml', '55 degrees', '"<b onclick=alert(1)>55</b>"')
  await importContent(deps.database, files.root, { publish: true })
  const { text, quiz } = (await app.inject('/api/v1/courses/mate/lessons/mate-brewing')).json()
  t.equal(text.markdown, hostile.trim())
  const tags = [
    ...text.html.matchAll(/<[^>]*>/g),
    ...quiz.questions[0].options[0].text.html.matchAll(/<[^>]*>/g),
  ]
  for (const [tag] of tags) {
    t.match(tag, /^<\/?(p|a|br)( |>)/, tag)
    const attributes = tag.replace(/"[^"]*"/g, '""')
    t.notMatch(attributes, /on[a-z]+=|src=/, tag)
  }
  const links = tags.flatMap(([tag]) => /href="([^"]*)"/.exec(tag)?.[1] ?? [])
  t.strictSame(links, ['https://example.org'])
}

async function readFromMemory(t: Test, { deps }: TestApp) {
  const { database, notifications } = deps

  await t.test('costs the same few statements whatever its size, and none when it is known', async t => {
    const counter = countStatements(t, catalogTables)
    const costs: number[] = []
    for (const slug of ['tea-brewing', 'tea-leaves']) {
      const app = await buildApp(deps)
      const ask = async () => {
        const before = counter.statements()
        const payload = { query: wholeLesson(slug) }
        const response = await app.inject({ method: 'POST', url: '/graphql', payload })
        t.equal(response.json().errors, undefined)
        return counter.statements() - before
      }
      costs.push(await ask())
      // Now and then one of them looks whether something changed; the others ask nothing.
      const warm: number[] = []
      while (!warm.includes(0) && warm.length < 20) warm.push(await ask())
      t.ok(warm.includes(0), `${slug}: ${warm}`)
      await app.close()
    }
    t.strictSame(costs, [5, 5])
  })

  await t.test('hears of a change by its notification, and after a lost connection without one', async t => {
    const index = openCourseIndex(database, notifications, Number.POSITIVE_INFINITY)
    t.teardown(() => index.close())
    const stateNow = async () => (await index.read()).byId.get('tea')?.state
    t.equal(await stateNow(), 'PUBLISHED')
    await database.course.update({ where: { id: 'tea' }, data: { state: 'DRAFT' } })
    t.equal(await stateNow(), 'PUBLISHED', 'nobody told it')
    const heard = new Promise<void>(resolve => notifications.on('catalog_changed', () => resolve()))
    await database.$executeRaw`SELECT pg_notify('catalog_changed', 'tea')`
    await heard
    t.equal(await stateNow(), 'DRAFT')
    await database.course.update({ where: { id: 'tea' }, data: { state: 'ARCHIVED' } })
    const reconnected = new Promise<void>(resolve => notifications.onReconnected(resolve))
    await database.$executeRaw`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'lyceum-listen' AND datname = current_database()`
    await reconnected
    t.equal(await stateNow(), 'ARCHIVED')
    await database.course.update({ where: { id: 'tea' }, data: { state: 'PUBLISHED' } })
  })
}

async function readInTwoProcesses(
  t: Test,
  { deps, databaseUrl }: TestApp,
  owner: TestUser,
  files: CourseFiles,
) {
  const startServer = async () => {
    const child = fork(fileURLToPath(new URL('../../src/lyceum.js', import.meta.url)), ['server'], {
      execArgv: [],
      stdio: ['ignore', 2, 2, 'ipc'],
      env: {
        ...process.env,
        ...{ DATABASE_URL: databaseUrl, LYCEUM_HOME: deps.config.home, PORT: '0', LYCEUM_LOG_LEVEL: 'warn' },
      },
    })
    t.teardown(() => child.kill('SIGKILL'))
    const [{ port }] = await once(child, 'message')
    return `http://127.0.0.1:${port}/api/v1/courses/tea`
  }
  const [first, second] = await Promise.all([startServer(), startServer()])
  const lesson = '/lessons/tea-brewing'

  /** Asks until the answer is as expected; the test's own time-out ends a wait in vain. */
  const until = async (t: Test, url: string, expected: (status: number, body: string) => boolean) => {
    const begun = performance.now()
    for (;;) {
      const response = await fetch(url)
      if (expected(response.status, await response.text())) break
    }
    t.comment(`seen after ${Math.round(performance.now() - begun)} ms`)
  }

  await t.test('show an edit that a third process imported', async t => {
    for (const url of [first, second]) t.match(await (await fetch(url + lesson)).text(), /It cools/)
    files.edit('tea/brewing/text.md', 'It cools', 'Slowly it cools')
    await importContent(deps.database, files.root)
    for (const url of [first, second]) await until(t, url + lesson, (_, body) => body.includes('Slowly'))
  })

  await t.test('show what the owner did at the other one', async t => {
    const change = (state: string) =>
      fetch(first, {
        method: 'PATCH',
        headers: { ...owner.headers, 'content-type': 'application/json' },
        body: JSON.stringify({ state }),
      })
    t.equal((await change('DRAFT')).status, 200)
    t.equal((await fetch(first + lesson)).status, 404, 'at once where it was done')
    await until(t, second + lesson, status => status === 404)
    t.equal((await change('PUBLISHED')).status, 200)
    await until(t, second + lesson, status => status === 200)
  })

  await t.test('see a change of which nobody told them', async t => {
    await deps.database.course.update({ where: { id: 'tea' }, data: { state: 'ARCHIVED' } })
    for (const url of [first, second]) await until(t, url + lesson, status => status === 404)
  })
}
