import t from 'tap'
import { decideReleases, type HeldRun, type Usage } from '../../../src/training/queue/decide-releases.js'
import type { RunQuota } from '../../../src/training/queue/quotas.js'

const plenty: RunQuota = { runsAtOnce: 100, runsWaiting: 100, gpuSecondsPerDay: 100 }
const unused: Usage = { active: [], gpuSeconds: new Map(), spent: new Map() }
let runs = 0
const held = (fields: Partial<HeldRun> = {}): HeldRun => ({
  id: String(++runs).padStart(4, '0'),
  ...{ ownerId: 'ann', courseId: null, machineClass: 'CPU', priority: 'NORMAL' },
  ...{ budgetSeconds: null, budgetGpuSeconds: null },
  ...fields,
})
const quotas = (user: Partial<RunQuota>, course: Partial<RunQuota> = {}) => ({
  of: (subject: 'USER' | 'COURSE') => ({ ...plenty, ...(subject === 'USER' ? user : course) }),
})
const reasons = (list: HeldRun[], usage: Usage, book: ReturnType<typeof quotas>) => {
  const found = new Map(decideReleases(list, usage, book).map(({ id, held }) => [id, held]))
  return list.map(run => found.get(run.id))
}

t.test('as many are let go as there are places, the more urgent and then the older first', async t => {
  const list = [held(), held({ priority: 'LOW' }), held(), held({ priority: 'HIGH' })]
  t.strictSame(reasons(list, unused, quotas({ runsAtOnce: 2 })), [
    null,
    'USER_RUNS_AT_ONCE',
    'USER_RUNS_AT_ONCE',
    null,
  ])
  const active = [{ ownerId: 'ann', courseId: null, budgetSeconds: null }]
  t.strictSame(reasons([held(), held()], { ...unused, active }, quotas({ runsAtOnce: 2 })), [
    null,
    'USER_RUNS_AT_ONCE',
  ])
})

t.test('the places of a course go round its users', async t => {
  const list = [held(), held(), held(), held({ ownerId: 'ben' }), held({ ownerId: 'eve' })].map(run => ({
    ...run,
    courseId: 'tea',
  }))
  t.strictSame(reasons(list, unused, quotas({}, { runsAtOnce: 3 })), [
    null,
    'COURSE_RUNS_AT_ONCE',
    'COURSE_RUNS_AT_ONCE',
    null,
    null,
  ])
})

t.test('GPU-seconds hold back what asks for a GPU, and nothing else', async t => {
  const list = [
    held({ machineClass: 'GPU' }),
    held(),
    held({ machineClass: 'GPU', ownerId: 'ben', courseId: 'tea' }),
  ]
  const spent = (id: string, seconds: number) => ({ ...unused, gpuSeconds: new Map([[id, seconds]]) })
  t.strictSame(reasons(list, spent('ann', 100), quotas({})), ['USER_GPU_SECONDS', null, null])
  t.strictSame(reasons(list, spent('tea', 100), quotas({})), [null, null, 'COURSE_GPU_SECONDS'])
  t.strictSame(reasons(list, spent('ann', 99), quotas({})), [null, null, null])
})

t.test('a student trains one run at a time, for as long as the budget of the course lasts', async t => {
  const student = { courseId: 'tea', budgetSeconds: 60, budgetGpuSeconds: 10 }
  const spent = (seconds: number, gpuSeconds = 0) => ({
    ...unused,
    spent: new Map([['ann tea', { seconds, gpuSeconds }]]),
  })
  t.strictSame(reasons([held(student), held(student)], unused, quotas({})), [null, 'STUDENT_RUNS_AT_ONCE'])
  t.strictSame(reasons([held(student)], spent(59.5), quotas({})), ['STUDENT_BUDGET'])
  t.match(decideReleases([held(student)], spent(20.5), quotas({})), [{ held: null, secondsAllowed: 39 }])
  const gpu = held({ ...student, machineClass: 'GPU' })
  t.match(decideReleases([gpu], spent(20, 3), quotas({})), [{ held: null, secondsAllowed: 7 }])
  t.strictSame(reasons([gpu], spent(20, 10), quotas({})), ['STUDENT_BUDGET'])
})
