import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { importContent } from '../../src/catalog/import/import-content.js'
import { createCourseFiles, writeCourse } from '../catalog/course-files.js'
import { hasHad, runBecomes, startWorker } from '../support/runs.js'
import { createUser } from '../support/users.js'
import { openUniversity } from './university.js'

t.setTimeout(300_000)

const secondsPerDay = 36
/** A worker looks at the test images when the time is up. */
const slack = 8

t.test("a student's real runs use up the budget of the day, and no more", async t => {
  const university = await openUniversity(t)
  const { deps, databaseUrl, get, post, launch } = university
  const { database, config } = deps
  const files = createCourseFiles(t)
  writeCourse(files, 'milk')
  files.edit('milk/course.yaml', 'lessons:', `student_runs: { seconds_per_day: ${secondsPerDay} }\nlessons:`)
  await importContent(database, files.root, { publish: true, ownerEmail: university.owner.email })
  const student = await createUser(university)
  await post('/courses/milk/enrolment', student.headers)
  await startWorker(t, { DATABASE_URL: databaseUrl, LYCEUM_HOME: config.home, LYCEUM_ENGINE: 'wasm' })
  const spec = {
    layers: [{ type: 'flatten' }, { type: 'dense', units: 10 }],
    ...{ trainingImages: 10_000, batchSize: 20, validationSplit: 0 },
  }
  const launchLab = (epochs: number) => launch(student, { labId: 'milk-lab', spec: { ...spec, epochs } })
  const launchOf = async () => (await get('/labs/milk-lab/launch', student.headers)).json()
  const secondsUsed = async (id?: string) => {
    const attempts = await database.runAttempt.findMany({ where: id === undefined ? {} : { runId: id } })
    const milliseconds = attempts.map(({ claimedAt, endedAt }) => Number(endedAt) - Number(claimedAt))
    return milliseconds.reduce((sum, one) => sum + one, 0) / 1_000
  }

  const short = await launchLab(1)
  await runBecomes(database, short, 'SUCCEEDED')
  const used = await secondsUsed(short)
  t.ok(used > 0.2, `it took ${used} s`)
  t.equal((await launchOf()).budget.secondsLeft, Math.floor(secondsPerDay - used))

  const long = await launchLab(100)
  await hasHad(database, long, 'step')
  // So late that it has trained for longer than what is left.
  while ((await launchOf()).budget.secondsLeft > 15) await sleep(100)
  await post(`/runs/${long}/pause`, student.headers)
  await runBecomes(database, long, 'PAUSED')
  const left = (await launchOf()).budget.secondsLeft
  t.ok(left > 0 && left <= 15, `${left} s are left`)
  await post(`/runs/${long}/resume`, student.headers)
  const ended = await runBecomes(database, long, 'TIMED_OUT', 2)
  t.equal(ended.secondsAllowed, left)
  t.ok(ended.modelKey, 'what it has learnt is kept')
  t.match(ended.result, { endedBy: 'deadline' })
  t.ok(
    (await database.runEvent.count({ where: { runId: long, attempt: 2, type: 'step' } })) > 0,
    'it went on',
  )
  const all = await secondsUsed()
  t.ok(all < secondsPerDay + slack, `${all} s of ${secondsPerDay}`)
  t.ok(all > secondsPerDay - 2)
  t.match(await launchOf(), { mayLaunch: false, refusal: { code: 'RUN_BUDGET_SPENT' } })
})
