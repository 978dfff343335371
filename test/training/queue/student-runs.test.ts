import t from 'tap'
import { importContent } from '../../../src/catalog/import/import-content.js'
import { releaseRuns } from '../../../src/training/queue/release-runs.js'
import * as ledger from '../../../src/training/runs/run-ledger.js'
import { createCourseFiles, writeCourse } from '../../catalog/course-files.js'
import { createUser, type TestUser } from '../../support/users.js'
import { openUniversity, spec } from '../university.js'

const lab = { labId: 'milk-lab' }
const gpuLab = { ...lab, spec: { engine: 'tensorflow-gpu' } }

t.test("students' runs of a course's labs", async t => {
  const university = await openUniversity(t)
  const { app, deps, owner, instructor, get, post, remove, ask, launch, begin } = university
  const { database, config } = deps
  const files = createCourseFiles(t)
  writeCourse(files, 'milk')
  files.edit(
    'milk/course.yaml',
    'lessons:',
    'student_runs: { seconds_per_day: 60, gpu_seconds_per_day: 20 }\nlessons:',
  )
  await importContent(database, files.root, { publish: true, ownerEmail: owner.email })

  const enrolledStudent = async () => {
    const student = await createUser(university)
    for (const slug of ['milk', 'tea']) await post(`/courses/${slug}/enrolment`, student.headers)
    return student
  }
  const refused = async (user: TestUser, input: object) => {
    const { status, code } = (await post('/runs', user.headers, input)).json()
    return [status, code]
  }
  const launchOf = async (user: TestUser | undefined, id = 'milk-lab') =>
    (await get(`/labs/${id}/launch`, user?.headers)).json()
  const runOf = (id: string) => database.trainingRun.findUniqueOrThrow({ where: { id } })
  /** As a worker does that has trained the run for so long. */
  const spend = async (id: string, seconds: number) => {
    const { attempt } = await runOf(id)
    const key = { runId: id, attempt }
    t.equal(await ledger.claimAttempt(database, { ...key, workerId: 'w' }), true)
    t.equal(await ledger.finishRun(database, key, { status: 'CANCELLED' }), true)
    await database.$executeRaw`
      UPDATE run_attempts SET "endedAt" = "claimedAt" + ${seconds} * interval '1 s'
      WHERE "runId" = ${id}::uuid AND number = ${attempt}`
  }
  const dayPasses = (user: TestUser) =>
    database.$executeRaw`
      UPDATE run_attempts a SET "claimedAt" = "claimedAt" - interval '1 day', "endedAt" = "endedAt" - interval '1 day'
      FROM training_runs r WHERE r.id = a."runId" AND r."ownerId" = ${user.userId}::uuid`

  await t.test('are of an open lab of a course in which they are enrolled, and said before', async t => {
    const stranger = await createUser(university)
    const student = await enrolledStudent()
    const made = await post('/tokens', student.headers, { name: 'script', scopes: ['read', 'learn'] })
    const script = { ...student, headers: { authorization: `Bearer ${made.json().secret}` } }
    for (const [user, id, code] of [
      [stranger, 'milk-lab', 'RUN_NOT_ENROLLED'],
      [student, 'tea-lab', 'RUN_LAB_CLOSED'],
      [script, 'milk-lab', 'SCOPE_REQUIRED'],
    ] as const) {
      t.strictSame(await refused(user, { labId: id }), [403, code])
      t.match(await launchOf(user, id), { mayLaunch: false, refusal: { code, message: /./ }, budget: null })
    }
    t.strictSame(await refused(student, { spec }), [403, 'RUN_LAB_REQUIRED'])
    t.strictSame(await refused(student, { labId: 'no-lab' }), [404, 'NOT_FOUND'])
    t.strictSame(await refused(student, { ...lab, spec: { epochs: 0 } }), [400, 'INVALID_INPUT'])
    t.strictSame(await refused(student, { ...lab, priority: 'URGENT' }), [403, 'FORBIDDEN'])
    t.equal((await get('/labs/no-lab/launch', student.headers)).statusCode, 404)
    t.match(await launchOf(undefined), { mayLaunch: false, refusal: { code: 'UNAUTHENTICATED' } })
    t.strictSame(await launchOf(owner), { mayLaunch: true, refusal: null, budget: null })
    t.match(await launchOf(instructor, 'tea-lab'), { mayLaunch: true })

    const query = `{ course(slug: "milk") { lessons { labs { launch {
      mayLaunch refusal { code } budget { secondsPerDay secondsLeft gpuSecondsPerDay gpuSecondsLeft resetsAt } } } } } }`
    const { data } = await ask(query, student.headers)
    const budget = { secondsPerDay: 60, secondsLeft: 60, gpuSecondsPerDay: 20, gpuSecondsLeft: 20 }
    const [brewing] = data.course.lessons
    t.match(brewing.labs, [{ launch: { mayLaunch: true, refusal: null, budget } }])
    const resetsIn = Date.parse(brewing.labs[0].launch.budget.resetsAt) - Date.now()
    t.ok(resetsIn > -1_000 && resetsIn <= 86_400_000)
    t.equal(
      await database.trainingRun.count({ where: { ownerId: student.userId } }),
      0,
      'nothing is left behind',
    )
    const id = await launch(student, { ...lab, spec: { epochs: 2 } })
    t.match(await runOf(id), { courseId: 'milk', spec: { epochs: 2 }, secondsAllowed: 60 })
  })

  await t.test('take from the budget of the day what they had a worker for, deleted ones too', async t => {
    const student = await enrolledStudent()
    const first = await launch(student, lab)
    await spend(first, 45.5)
    t.match((await launchOf(student)).budget, { secondsLeft: 14, gpuSecondsLeft: 14 })
    t.equal((await remove(`/runs/${first}`, student.headers)).statusCode, 204)
    t.match((await launchOf(student)).budget, { secondsLeft: 14 }, 'deleting gives nothing back')
    const again = { ...lab, idempotencyKey: 'again' }
    const second = await launch(student, again)
    t.equal((await runOf(second)).secondsAllowed, 14)
    await spend(second, 14)
    t.match(await launchOf(student), {
      mayLaunch: false,
      refusal: { code: 'RUN_BUDGET_SPENT' },
      budget: { secondsLeft: 0 },
    })
    t.match((await post('/runs', student.headers, lab)).json(), {
      ...{ status: 429, code: 'RUN_BUDGET_SPENT', resetsAt: /T00:00:00.000Z$/ },
    })
    t.match((await post(`/runs/${second}/rerun`, student.headers)).json(), { code: 'RUN_BUDGET_SPENT' })
    t.equal(await launch(student, again), second, 'the same launch again is answered with its run')
    t.match(await launchOf(await enrolledStudent()), { mayLaunch: true }, "another's is another's")
    await app.inject({ method: 'DELETE', url: '/api/v1/courses/milk/enrolment', headers: student.headers })
    await post('/courses/milk/enrolment', student.headers)
    t.strictSame(await refused(student, lab), [429, 'RUN_BUDGET_SPENT'], 'enrolling anew gives nothing back')
  })

  await t.test('that ask for a GPU have a budget of their own among it', async t => {
    const student = await enrolledStudent()
    const gpu = await launch(student, gpuLab)
    t.match(await runOf(gpu), { machineClass: 'GPU', secondsAllowed: 20 })
    await spend(gpu, 20)
    t.strictSame(await refused(student, gpuLab), [429, 'RUN_BUDGET_SPENT'])
    t.match(await launchOf(student), { mayLaunch: true, budget: { secondsLeft: 40, gpuSecondsLeft: 0 } })
    t.equal((await runOf(await launch(student, lab))).secondsAllowed, 40)
  })

  await t.test('begin one at a time, so that no two use the same seconds', async t => {
    const student = await enrolledStudent()
    const ids = await Promise.all([launch(student, lab), launch(student, lab), launch(student, gpuLab)])
    await Promise.all([releaseRuns(database, config.runQuotas), releaseRuns(database, config.runQuotas)])
    const released = async () => (await Promise.all(ids.map(runOf))).filter(run => run.releasedAt !== null)
    const [one, ...more] = await released()
    t.same(more, [])
    if (one === undefined) throw new Error('none was released')
    const other = ids.find(id => id !== one.id)
    t.match((await get(`/runs/${other}/queue`, student.headers)).json().standing, {
      ...{ held: true, reason: 'STUDENT_RUNS_AT_ONCE', message: /one trains at a time/ },
    })
    await spend(one.id, 60)
    await releaseRuns(database, config.runQuotas)
    const left = await database.trainingRun.findMany({ where: { ownerId: student.userId, status: 'QUEUED' } })
    t.strictSame(
      left.map(run => [run.releasedAt, run.heldReason]),
      [
        [null, 'STUDENT_BUDGET'],
        [null, 'STUDENT_BUDGET'],
      ],
    )
    await dayPasses(student)
    await releaseRuns(database, config.runQuotas)
    t.equal((await released()).filter(run => run.status === 'QUEUED').length, 1, 'the next day one begins')
    t.match((await launchOf(student)).budget, { secondsLeft: 60, gpuSecondsLeft: 20 })
  })

  await t.test('count for the day in which they train', async t => {
    const student = await enrolledStudent()
    await spend(await launch(student, lab), 1)
    await database.$executeRaw`
      UPDATE run_attempts a SET "claimedAt" = date_trunc('day', now(), 'UTC') - interval '50 s',
        "endedAt" = date_trunc('day', now(), 'UTC') + interval '10 s'
      FROM training_runs r WHERE r.id = a."runId" AND r."ownerId" = ${student.userId}::uuid`
    t.match((await launchOf(student)).budget, { secondsLeft: 50 })
  })

  await t.test('go on with what is left, after a pause and after their worker was lost', async t => {
    const student = await enrolledStudent()
    const id = await launch(student, lab)
    const key = await begin(id)
    await ledger.requeueRun(database, key, 'the worker stops')
    await database.$executeRaw`
      UPDATE run_attempts SET "endedAt" = "claimedAt" + interval '25 s' WHERE "runId" = ${id}::uuid`
    await releaseRuns(database, config.runQuotas)
    // The dispatcher may have been first, with what it knew then: the second release is the one that is looked at.
    await post(`/runs/${id}/pause`, student.headers)
    t.match((await post(`/runs/${id}/resume`, student.headers)).json(), { attempt: 3, secondsAllowed: 35 })
    await post(`/runs/${id}/pause`, student.headers)
    await database.$executeRaw`
      UPDATE run_attempts SET "endedAt" = "claimedAt" + interval '60 s' WHERE "runId" = ${id}::uuid AND number = 1`
    t.match((await post(`/runs/${id}/resume`, student.headers)).json(), { code: 'RUN_BUDGET_SPENT' })
    t.equal((await runOf(id)).status, 'PAUSED')
  })

  await t.test('are of the student, seen by the instructor of the course and cancelled by both', async t => {
    const [student, other] = [await enrolledStudent(), await enrolledStudent()]
    const id = await launch(student, lab)
    const statusOf = async (user: TestUser) => (await get(`/runs/${id}`, user.headers)).statusCode
    t.strictSame(await Promise.all([student, owner, other, instructor].map(statusOf)), [200, 200, 404, 404])
    const from = { runId: id, newHead: true }
    t.strictSame((await refused(other, { ...lab, spec: { from } }))[0], 422, "another's run is no beginning")
    for (const act of ['cancel', 'pause', 'rerun']) {
      t.equal((await post(`/runs/${id}/${act}`, other.headers)).statusCode, 404)
    }
    t.equal((await post(`/runs/${id}/pause`, owner.headers)).statusCode, 403)
    t.match((await post(`/runs/${id}/pause`, student.headers)).json(), { status: 'PAUSED' })
    await app.inject({ method: 'DELETE', url: '/api/v1/courses/milk/enrolment', headers: student.headers })
    t.equal(await statusOf(student), 200, 'who has left still sees the own runs')
    for (const path of [`/runs/${id}/rerun`, `/runs/${id}/resume`]) {
      t.match((await post(path, student.headers)).json(), { status: 403, code: 'RUN_NOT_ENROLLED' })
    }
    t.strictSame(await refused(student, lab), [403, 'RUN_NOT_ENROLLED'])
    t.match((await post(`/runs/${id}/cancel`, owner.headers)).json(), { status: 'CANCELLED' })
    t.equal((await remove(`/runs/${id}`, owner.headers)).statusCode, 403)
    t.equal((await remove(`/runs/${id}`, student.headers)).statusCode, 204)
  })

  await t.test('end with what the course says now', async t => {
    const student = await enrolledStudent()
    const id = await launch(student, lab)
    await post(`/runs/${id}/pause`, student.headers)
    files.edit('milk/course.yaml', 'seconds_per_day: 60, gpu_seconds_per_day: 20', 'seconds_per_day: 30')
    await importContent(database, files.root, { publish: true, ownerEmail: owner.email })
    const until = async (secondsPerDay: number | undefined) => {
      while ((await launchOf(student)).budget?.secondsPerDay !== secondsPerDay);
    }
    await until(30)
    t.match((await post(`/runs/${id}/resume`, student.headers)).json(), { secondsAllowed: 30 })
    t.strictSame(await refused(student, gpuLab), [403, 'RUN_GPU_CLOSED'], 'it gives no GPU any more')
    files.edit('milk/course.yaml', 'student_runs: { seconds_per_day: 30 }\n', '')
    await importContent(database, files.root, { publish: true, ownerEmail: owner.email })
    await until(undefined)
    t.strictSame(await refused(student, lab), [403, 'RUN_LAB_CLOSED'])
  })
})
