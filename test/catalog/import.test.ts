import { cpSync, readFileSync, renameSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import t, { type Test } from 'tap'
import type { ContentProblem } from '../../src/catalog/errors.js'
import { importContent } from '../../src/catalog/import/import-content.js'
import { importCourses } from '../../src/commands/import-courses.js'
import type { Database } from '../../src/platform/database.js'
import { openTestDependencies } from '../support/app.js'
import { createCourseFiles, drawing, writeCourse } from './course-files.js'
import { slips } from './slips.js'

const lesson = 'tea/brewing/lesson.yaml'
const quiz = 'tea/brewing/quiz.yaml'
const text = 'tea/brewing/text.md'

const tables = [
  'courses',
  'course_revisions',
  'course_revision_lessons',
  'lessons',
  'lesson_revisions',
  'quizzes',
  'labs',
  'assets',
]

/** Which version of which row stands where, in every table of the catalog: the same only if nothing was written. */
async function rowVersions(database: Database): Promise<unknown> {
  const columns = tables.map(name => `(SELECT array_agg(xmin::text || ctid::text) FROM ${name}) AS ${name}`)
  const [rows] = await database.$queryRawUnsafe<unknown[]>(`SELECT ${columns.join(', ')}`)
  return rows
}

t.test('importing a course', async t => {
  const { deps } = await openTestDependencies(t)
  const { database } = deps
  const courseFiles = (t: Test) => {
    const files = createCourseFiles(t)
    writeCourse(files)
    return files
  }

  await t.test('refuses every slip with file, line and reason, and stores nothing of the course', async t => {
    const before = await rowVersions(database)
    for (const [name, slip, place, reason] of slips) {
      const files = courseFiles(t)
      slip(files)
      const refusal = await importContent(database, files.root).catch(error => error)
      t.equal(refusal.code, 'CONTENT_REFUSED', name)
      const problems: ContentProblem[] = refusal.details?.problems ?? []
      const found = problems.find(problem => reason.test(problem.reason))
      t.match(`${found?.file}:${found?.line}`, place, `${name}: ${JSON.stringify(problems)}`)
    }
    t.strictSame(await rowVersions(database), before)
  })

  await t.test('tells of every slip at once, each course by itself', async t => {
    const files = courseFiles(t)
    writeCourse(files, 'coffee')
    files.edit(quiz, 'correct: true', 'right: true')
    files.edit(lesson, 'title: tea-brewing', 'titel: tea-brewing')
    const stored: string[] = []
    const refusal = await importContent(database, files.root, {
      onCourse: result => stored.push(result.course),
    }).catch(error => error)
    t.match(
      refusal.message,
      /lesson.yaml:1: title.*\n.*tea\/brewing\/lesson.yaml:3: titel.*\n.*quiz.yaml:11: .*right/,
    )
    t.strictSame(stored, ['coffee'])
  })

  await t.test('takes a PNG only if it is one', async t => {
    const files = courseFiles(t)
    const png = await sharp({ create: { width: 9, height: 9, channels: 3, background: '#fff' } })
      .png()
      .toBuffer()
    files.edit(text, 'curve-1.svg', 'curve.png')
    for (const broken of [drawing, png.subarray(0, 40)]) {
      files.write('tea/brewing/figures/curve.png', broken)
      await t.rejects(importContent(database, files.root), { message: /curve.png:1: / })
    }
    files.write('tea/brewing/figures/curve.png', png)
    t.match(await importContent(database, files.root), [{ outcome: 'created' }])
    await database.course.delete({ where: { id: 'tea' } })
  })

  await t.test('refuses ids and slugs that another course has', async t => {
    const files = courseFiles(t)
    const taken = [
      ['tea/course.yaml', 'slug: tea', 'slug: coffee', /tea\/course.yaml:2: the slug coffee belongs to/],
      [lesson, 'id: tea-brewing', 'id: coffee-brewing', /lesson.yaml:1: the id coffee-brewing is taken/],
      [quiz, 'id: tea-brewing-quiz', 'id: coffee', /quiz.yaml:1: the id coffee is taken/],
      [
        'tea/brewing/labs.yaml',
        'id: tea-lab',
        'id: coffee-leaves-quiz',
        /labs.yaml:2: the id coffee-leaves-quiz is taken/,
      ],
    ] as const
    for (const [file, from, to, message] of taken) {
      files.edit(file, from, to)
      await t.rejects(importContent(database, files.root), { message })
      files.edit(file, to, from)
    }
    cpSync(files.at('tea'), files.at('tea-copy'), { recursive: true })
    await t.rejects(importContent(database, files.root), {
      message: /tea-copy\/course.yaml:1: the id tea is taken by tea\/course.yaml/,
    })
    symlinkSync(files.at('tea'), files.at('tee'))
    await t.rejects(importContent(database, files.root), { message: /tee:1: is a symbolic link/ })
    t.equal(await database.courseRevision.count({ where: { courseId: 'tea' } }), 1)
    await database.course.delete({ where: { id: 'tea' } })
  })

  await t.test('once more touches no row', async t => {
    const files = courseFiles(t)
    t.match(await importContent(database, files.root), [{ outcome: 'created', lessons: { created: 2 } }])
    const before = await rowVersions(database)
    t.match(await importContent(database, files.root), [{ outcome: 'unchanged' }])
    t.match(await importContent(database, files.at('tea')), [{ outcome: 'unchanged' }], 'by itself')
    files.write(text, readFileSync(files.at(text), 'utf8').replaceAll('\n', '\r\n'))
    t.match(await importContent(database, files.root), [{ outcome: 'unchanged' }], 'as Windows writes it')
    t.strictSame(await rowVersions(database), before)
  })

  await t.test(
    'makes a revision of what was edited, keeps the old one as it was, and shares the rest',
    async t => {
      const files = courseFiles(t)
      const revisions = () =>
        database.lessonRevision.findMany({ where: { lesson: { courseId: 'tea' } }, orderBy: { id: 'asc' } })
      const before = await revisions()
      files.edit(text, 'It cools', 'Slowly it cools')
      t.match(await importContent(database, files.root), [
        { outcome: 'updated', lessons: { created: 0, updated: 1, unchanged: 1, archived: 0 } },
      ])
      const after = await revisions()
      t.strictSame(after.slice(0, 2), before)
      t.match(after[2], { lessonId: 'tea-brewing', number: 2, document: { text: /Slowly/ } })
      files.edit(text, 'Slowly it cools', 'It cools')
      await importContent(database, files.root)
      t.match((await revisions()).at(-1), { number: 3, hash: before[0]?.hash })
    },
  )

  await t.test('puts lessons in another order without a new revision of any', async t => {
    const files = courseFiles(t)
    files.edit('tea/course.yaml', '  - brewing\n  - leaves\n', '  - leaves\n  - brewing\n')
    t.match(await importContent(database, files.root), [
      { outcome: 'updated', lessons: { created: 0, updated: 0, unchanged: 2, archived: 0 } },
    ])
    const { currentRevision } = await database.course.findUniqueOrThrow({
      where: { id: 'tea' },
      include: {
        currentRevision: {
          include: { lessons: { orderBy: { position: 'asc' }, include: { lessonRevision: true } } },
        },
      },
    })
    t.strictSame(
      currentRevision?.lessons.map(({ lessonRevision }) => lessonRevision.lessonId),
      ['tea-leaves', 'tea-brewing'],
    )
  })

  await t.test('archives lessons, quizzes and labs that vanished, and brings them back', async t => {
    const files = courseFiles(t)
    const archived = async () => {
      const where = { archivedAt: { not: null } }
      const rows = await Promise.all([
        database.lesson.findMany({ where }),
        database.quiz.findMany({ where }),
        database.lab.findMany({ where }),
      ])
      return rows.flat().map(row => row.id)
    }
    await importContent(database, files.root)
    files.edit('tea/course.yaml', '  - leaves\n', '')
    files.remove('tea/brewing/labs.yaml')
    files.remove(quiz)
    t.match(await importContent(database, files.root), [{ lessons: { updated: 1, archived: 1 } }])
    t.strictSame(await archived(), ['tea-leaves', 'tea-brewing-quiz', 'tea-leaves-quiz', 'tea-lab'])
    writeCourse(files)
    t.match(await importContent(database, files.root), [
      { lessons: { updated: 1, unchanged: 1, archived: 0 } },
    ])
    t.strictSame(await archived(), [])
  })

  await t.test(
    'archives a course that vanished from its folder, whose state waits for its return',
    async t => {
      const files = courseFiles(t)
      const other = createCourseFiles(t)
      writeCourse(files, 'cocoa')
      writeCourse(other, 'water')
      const state = async () => {
        const { state, archivedAt } = await database.course.findUniqueOrThrow({ where: { id: 'cocoa' } })
        return archivedAt === null ? state : 'archived'
      }
      await importContent(database, files.root, { publish: true })
      await importContent(database, other.root)
      renameSync(files.at('cocoa'), join(other.root, 'aside'))

      await importContent(database, files.at('tea'))
      await importContent(database, other.at('water'))
      t.equal(await state(), 'PUBLISHED', 'one course by itself says nothing of others')
      files.edit(quiz, 'correct: true', 'correct: yes')
      await t.rejects(importContent(database, files.root), { code: 'CONTENT_REFUSED' })
      t.equal(await state(), 'PUBLISHED', 'nothing is archived while something is refused')
      writeCourse(files)
      t.match(await importContent(database, files.root), [
        { course: 'tea' },
        { course: 'cocoa', outcome: 'archived' },
      ])
      t.equal(await state(), 'archived')
      t.match(await importContent(database, files.root), [{ course: 'tea', outcome: 'unchanged' }])

      renameSync(join(other.root, 'aside'), files.at('cocoa'))
      t.match(await importContent(database, files.root), [
        { course: 'cocoa', outcome: 'restored' },
        { course: 'tea' },
      ])
      t.equal(await state(), 'PUBLISHED')
      await t.rejects(importContent(database, join(files.root, 'nowhere')), { code: 'NO_CONTENT_FOLDER' })
    },
  )

  await t.test('takes the example of its documentation', async t => {
    const files = createCourseFiles(t)
    const page = readFileSync('docs/content-format.md', 'utf8')
    for (const [, path, content] of page.matchAll(/^`content\/(tea\/\S+)`\n```\w+\n([\s\S]*?)^```$/gm)) {
      files.write(path ?? '', content ?? '')
    }
    files.write('tea/brewing/code/cooling.py', 'print(75)')
    files.write('tea/brewing/figures/cooling.svg', drawing)
    t.match(await importContent(database, files.root), [{ course: 'tea', lessons: { updated: 1 } }])
  })

  await t.test('at a start goes on without a broken course, which stays as it was', async t => {
    const files = courseFiles(t)
    await importContent(database, files.root)
    const { currentRevisionId } = await database.course.findUniqueOrThrow({ where: { id: 'tea' } })
    files.edit(quiz, 'correct: true', 'correct: yes')
    writeCourse(files, 'mate')
    const said: string[] = []
    await importCourses(database, files.root, { publish: true }, line => said.push(line))
    t.match(said.join('\n'), /mate: created[\s\S]*tea\/brewing\/quiz.yaml:11: questions.0.options.1.correct/)
    t.match(await database.course.findUniqueOrThrow({ where: { id: 'tea' } }), {
      currentRevisionId,
      archivedAt: null,
    })
    await t.rejects(
      importCourses(database, files.at('nowhere'), {}, () => {}),
      { code: 'NO_CONTENT_FOLDER' },
    )
  })
})
