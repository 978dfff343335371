import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { appendEvents, requeueRun } from '../../src/training/runs/run-ledger.js'
import { requestCancel } from '../../src/training/runs/run-requests.js'
import { RunEngines } from '../../workers/run-engines.js'
import { superviseRun } from '../../workers/supervisor/supervisor.js'
import { WorkerMetrics } from '../../workers/worker-metrics.js'
import { openTestDependencies } from '../support/app.js'
import { queueRun, runBecomes, standInTrainer } from '../support/runs.js'

const trainerFile = fileURLToPath(new URL('../../workers/trainer/main.js', import.meta.url))

t.test('A supervised run', async t => {
  const { deps } = await openTestDependencies(t)
  const { database, storage } = deps
  const parts = {
    ...deps,
    workerId: 'w',
    trainerFile: standInTrainer,
    datasetsDirectory: deps.config.home,
    scratchDirectory: t.testdir(),
    checkpointSeconds: 60,
    metrics: new WorkerMetrics(),
    engines: new RunEngines({ asked: 'auto', chosen: undefined, refused: [] }, deps.config),
  }
  const start = async (behaviour: string) => {
    const runId = await queueRun(database, behaviour)
    const stopping = new AbortController()
    return { runId, stopping, over: superviseRun(parts, { runId, attempt: 1 }, stopping.signal) }
  }
  const runToEnd = async (behaviour: string) => {
    const { runId, over } = await start(behaviour)
    await over
    return database.trainingRun.findUniqueOrThrow({ where: { id: runId } })
  }
  const typesOf = async (runId: string) =>
    (await database.runEvent.findMany({ where: { runId }, orderBy: { number: 'asc' } })).map(e => e.type)

  await t.test('succeeds with its model stored and its events in order', async t => {
    const run = await runToEnd('finishes')
    t.match(run, { status: 'SUCCEEDED', engine: 'stand-in', result: { testAccuracy: 0.9 } })
    t.equal((await storage.read(`${run.modelKey}/model.json`)).toString(), '{}')
    t.same(await typesOf(run.id), ['starting', 'started', 'step', 'step', 'step', 'finished'])
  })
  for (const [behaviour, code, fault] of [
    ['crashes', 'TRAINER_CRASHED', 'lyceum'],
    ['talks-garbage', 'TRAINER_MISUNDERSTOOD', 'lyceum'],
    ['escapes', 'TRAINER_MISUNDERSTOOD', 'lyceum'],
    ['fails', 'DIVERGED', 'spec'],
  ]) {
    await t.test(`fails with ${code} when its child ${behaviour}`, async t => {
      const run = await runToEnd(behaviour ?? '')
      t.match(run, { status: 'FAILED', modelKey: null, failure: { code, fault } })
      t.equal((await typesOf(run.id)).at(-1), 'failed')
    })
  }
  await t.test('is tried again when its child is killed, and fails at the third time', async t => {
    const { id } = await runToEnd('is-killed')
    for (const attempt of [2, 3]) {
      t.match(await database.trainingRun.findUnique({ where: { id } }), { status: 'QUEUED', attempt })
      await superviseRun(parts, { runId: id, attempt }, new AbortController().signal)
    }
    const run = await database.trainingRun.findUnique({ where: { id } })
    t.match(run, { status: 'FAILED', failure: { code: 'TRAINER_KILLED', fault: 'machine' } })
  })
  await t.test('fails where the model that it begins with is gone', async t => {
    const id = await queueRun(database, 'finishes')
    const from = { runId: '019a0000-0000-7000-8000-000000000000' }
    const spec = { architecture: 'finishes', dataset: 'none', from }
    await database.trainingRun.update({ where: { id }, data: { spec } })
    await superviseRun(parts, { runId: id, attempt: 1 }, new AbortController().signal)
    const run = await database.trainingRun.findUniqueOrThrow({ where: { id } })
    t.match(run, { status: 'FAILED', failure: { code: 'SOURCE_MODEL_MISSING', fault: 'spec' } })
  })
  await t.test(
    'is tried again where the storage is not to be read just now, and says not where that is',
    async t => {
      const source = await runToEnd('finishes')
      const id = await queueRun(database, 'finishes')
      const spec = { architecture: 'finishes', dataset: 'none', from: { runId: source.id } }
      await database.trainingRun.update({ where: { id }, data: { spec } })
      const supervise = (attempt: number) =>
        superviseRun(parts, { runId: id, attempt }, new AbortController().signal)
      // A file in the place of the folder: neither there nor missing.
      const modelKey = `${source.modelKey}`
      await storage.deleteAll(modelKey)
      await storage.put(modelKey, Buffer.from('in the way'))
      await supervise(1)
      t.match(await database.trainingRun.findUnique({ where: { id } }), { status: 'QUEUED', attempt: 2 })
      const told = await database.runEvent.findFirstOrThrow({ where: { runId: id, type: 'requeued' } })
      const reason =
        'What the run begins with could not be read: the storage failed, the worker’s log says how.'
      t.match(told.payload, { reason })
      await storage.deleteAll(modelKey)
      for (const file of ['model.json', 'weights.bin'])
        await storage.put(`${modelKey}/${file}`, Buffer.from('{}'))
      await supervise(2)
      t.match(await database.trainingRun.findUnique({ where: { id } }), { status: 'SUCCEEDED', attempt: 2 })
    },
  )
  await t.test('begins with the model that another run left, and leaves its own', async t => {
    const least = { dataset: 'mnist', engine: 'wasm', trainingImages: 100, batchSize: 50, epochs: 1 }
    const layers = [{ type: 'flatten' }, { type: 'dense', units: 8 }, { type: 'dense', units: 2 }]
    const train = async (fields: object) => {
      const id = await queueRun(database, '')
      await database.trainingRun.update({ where: { id }, data: { spec: { ...least, layers, ...fields } } })
      await superviseRun({ ...parts, trainerFile }, { runId: id, attempt: 1 }, new AbortController().signal)
      const run = await database.trainingRun.findUniqueOrThrow({ where: { id } })
      t.match(run, { status: 'SUCCEEDED', failure: null })
      return { id, weights: await storage.read(`${run.modelKey}/weights.bin`) }
    }
    const first = await train({ classes: [0, 1] })
    const from = { runId: first.id, newHead: true, freeze: 'all-but-head' }
    const second = await train({ classes: [2, 3], from })
    const frozen = 4 * (784 * 8 + 8)
    t.ok(second.weights.subarray(0, frozen).equals(first.weights.subarray(0, frozen)))
    t.notOk(second.weights.equals(first.weights))
  })
  for (const behaviour of ['waits', 'ignores-stop']) {
    await t.test(`is cancelled where its child ${behaviour}`, async t => {
      const { runId, over } = await start(behaviour)
      await runBecomes(database, runId, 'RUNNING')
      await requestCancel(database, runId, 'somebody')
      await over
      t.match(await runBecomes(database, runId, 'CANCELLED'), { attempt: 1 })
      t.equal((await typesOf(runId)).at(-1), 'cancelled')
    })
  }
  await t.test("is ended where it is a student's and goes on long after the budget is used up", async t => {
    const id = await queueRun(database, 'waits')
    const budget = { budgetSeconds: 1, budgetGpuSeconds: 0, secondsAllowed: 0 }
    await database.trainingRun.update({ where: { id }, data: budget })
    await superviseRun(parts, { runId: id, attempt: 1 }, new AbortController().signal)
    const run = await database.trainingRun.findUniqueOrThrow({ where: { id } })
    t.match(run, {
      status: 'FAILED',
      failure: { code: 'BUDGET_EXCEEDED', message: /after 1 s/, fault: 'spec' },
    })
  })
  await t.test('goes back to the queue when its worker stops', async t => {
    const { runId, over, stopping } = await start('waits')
    await runBecomes(database, runId, 'RUNNING')
    stopping.abort()
    await over
    t.match(await database.trainingRun.findUnique({ where: { id: runId } }), { status: 'QUEUED', attempt: 2 })
  })
  await t.test('is left alone where it was given to another', async t => {
    const { runId, over } = await start('waits')
    await runBecomes(database, runId, 'RUNNING')
    await requeueRun(database, { runId, attempt: 1 }, 'lost')
    await over
    t.match(await database.trainingRun.findUnique({ where: { id: runId } }), { status: 'QUEUED', attempt: 2 })
    t.equal(await appendEvents(database, { runId, attempt: 1 }, []), false)
  })
  await t.test('leaves no folder behind', async t => {
    t.same(readdirSync(parts.scratchDirectory), [])
  })
})
