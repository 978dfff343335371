import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { findCheckpoints, findExpendable } from '../../src/training/runs/checkpoint-ledger.js'
import { readCurve } from '../../src/training/runs/curve.js'
import { runEvent } from '../../src/training/runs/run-events.js'
import { requestCancel, requestPause, resumeRun } from '../../src/training/runs/run-requests.js'
import type { Engine } from '../../workers/engines/engine.js'
import { RunEngines } from '../../workers/run-engines.js'
import { superviseRun } from '../../workers/supervisor/supervisor.js'
import { readCheckpoint, writeCheckpoint } from '../../workers/trainer/checkpoint-file.js'
import { WorkerMetrics } from '../../workers/worker-metrics.js'
import { openTestDependencies } from '../support/app.js'
import { testOnEngines } from '../support/engines.js'
import { childrenOf, hasHad, queueSpec, runBecomes } from '../support/runs.js'

const trainerFile = fileURLToPath(new URL('../../workers/trainer/main.js', import.meta.url))
const anybody = 'somebody'

/** All that has a state of its own: dropout, batch normalisation, augmentation, Adam, a schedule. */
const spec = {
  ...{ dataset: 'mnist', trainingImages: 400, validationSplit: 0.1, batchSize: 20, epochs: 3 },
  layers: [
    { type: 'conv2d', filters: 4, kernelSize: 3, strides: 2 },
    { type: 'batchNormalization' },
    { type: 'activation', activation: 'relu' },
    { type: 'flatten' },
    { type: 'dropout', rate: 0.3 },
    { type: 'dense', units: 10 },
  ],
  optimizer: { name: 'adam' },
  schedule: { name: 'cosine' },
  augmentation: { shift: 0.1, rotation: 10 },
}
const stepsOfRun = 54

t.test('a checkpoint is a file that safetensors describes, and is read as it was written', async t => {
  const path = join(t.testdir(), '1.safetensors')
  const progress = {
    ...{ step: 7, epoch: 2, position: 40, trainingSeconds: 1.5, wallSeconds: 2, optimizerSteps: 7 },
    ...{ epochTotals: { loss: 1, correct: 2, images: 40, milliseconds: 3 }, earlyStopping: null },
  }
  const values = Float32Array.of(1, -2, 3.5, Number.MIN_VALUE, 0.1, -0)
  const tensors = new Map([
    ['weights/0', { shape: [2, 3], values }],
    ['weights/1', { shape: [], values: Float32Array.of(42) }],
  ])
  const { bytes, sha256 } = await writeCheckpoint({ progress, tensors }, path)
  t.strictSame(await readCheckpoint(path), { progress, tensors })
  t.strictSame(await readdir(join(path, '..')), ['1.safetensors'], 'no temporary file is left')

  const file = await readFile(path)
  t.equal(file.byteLength, bytes)
  t.equal(createHash('sha256').update(file).digest('hex'), sha256)
  // By the format's own words: 8 bytes of length, a JSON header that begins with '{', then the data.
  const length = Number(file.readBigUInt64LE(0))
  t.equal(file[8], '{'.charCodeAt(0))
  const header = JSON.parse(file.subarray(8, 8 + length).toString())
  t.strictSame(header['weights/0'], { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] })
  t.strictSame(header['weights/1'], { dtype: 'F32', shape: [], data_offsets: [24, 28] })
  t.equal(8 + length + 28, bytes, 'nothing follows the data')
  t.equal(file.readFloatLE(8 + length + 8), 3.5)
  t.ok(Object.values(header.__metadata__).every(value => typeof value === 'string'))
})

t.test('the last two checkpoints and the best are kept', async t => {
  const stored = (step: number, validationLoss: number | null = null) => ({
    ...{ step, epoch: 1, key: `${step}`, bytes: 1, sha256: '', validationLoss },
  })
  const latestFirst = [stored(50, 0.3), stored(45), stored(40, 0.2), stored(30, 0.1), stored(20, 0.4)]
  t.strictSame(
    findExpendable(latestFirst).map(({ step }) => step),
    [40, 20],
  )
  t.strictSame(findExpendable([stored(3), stored(2)]), [])
  t.strictSame(
    findExpendable([stored(3), stored(2), stored(1)]).map(({ step }) => step),
    [1],
    'where nothing was validated there is no best',
  )
})

await testOnEngines(checkEngine, ['wasm', 'tensorflow'])

async function checkEngine(t: Test, { name: engine }: Engine) {
  const { deps } = await openTestDependencies(t)
  const { database, storage } = deps
  const parts = {
    ...deps,
    ...{ workerId: 'w', trainerFile, datasetsDirectory: deps.config.home, scratchDirectory: t.testdir() },
    // Often, so that it may be killed anywhere.
    checkpointSeconds: 0.001,
    metrics: new WorkerMetrics(),
    engines: new RunEngines({ asked: 'auto', chosen: undefined, refused: [] }, deps.config),
  }
  const queue = (fields = {}) => queueSpec(database, { ...spec, engine, ...fields })
  const supervise = (runId: string, attempt: number) =>
    superviseRun(parts, { runId, attempt }, new AbortController().signal)
  const read = (id: string) => database.trainingRun.findUniqueOrThrow({ where: { id } })
  const curveOf = async (runId: string) => {
    const rows = await database.runEvent.findMany({ where: { runId }, orderBy: { number: 'asc' } })
    const { epochs } = readCurve(rows.map(({ payload }) => runEvent.parse(payload)))
    return epochs.map(({ seconds: _s, imagesPerSecond: _i, ...metrics }) => metrics)
  }
  const resultOf = async (id: string) => {
    const { status, modelKey, result } = await read(id)
    t.equal(status, 'SUCCEEDED')
    const { testLoss, confusionMatrix } = result as { testLoss: number; confusionMatrix: number[][] }
    const weights = await storage.read(`${modelKey}/weights.bin`)
    return { weights: createHash('sha256').update(weights).digest('hex'), testLoss, confusionMatrix }
  }
  const resumedSteps = async (runId: string) => {
    const rows = await database.runEvent.findMany({ where: { runId, type: 'started', attempt: { gt: 1 } } })
    return rows.map(({ payload }) => (payload as { resumedFrom?: { step: number } }).resumedFrom?.step ?? 0)
  }

  const whole = await queue()
  await supervise(whole, 1)
  const expected = { curve: await curveOf(whole), result: await resultOf(whole) }
  t.equal(expected.curve.length, 3)

  await t.test('a run whose child is killed again and again ends with the same curve and bits', async t => {
    const runId = await queue()
    for (const [attempt, epoch] of [
      [1, 1],
      [2, 2],
    ] as const) {
      const over = supervise(runId, attempt)
      await storedBeyond(runId, attempt, epoch, Math.floor(Math.random() * 12))
      for (const pid of childrenOf(process.pid)) process.kill(pid, 'SIGKILL')
      await over
      t.match(await read(runId), { status: 'QUEUED', attempt: attempt + 1 })
    }
    await supervise(runId, 3)
    t.strictSame(await resultOf(runId), expected.result)
    t.strictSame(await curveOf(runId), expected.curve)
    const steps = await resumedSteps(runId)
    t.ok(
      steps.length === 2 && steps.every(step => step > 0 && step < stepsOfRun),
      `it went on from steps ${steps}`,
    )
    t.strictSame(await findCheckpoints(database, runId), [], 'what it went on from is gone with its end')
    t.equal(await storage.open(`runs/${runId}/checkpoints`), undefined)
  })

  // The rest does not hang on the engine.
  if (engine !== 'wasm') return

  await t.test('a paused run goes on from its last whole checkpoint to the same curve and bits', async t => {
    const runId = await queue()
    const over = supervise(runId, 1)
    await storedBeyond(runId, 1, 1, 5)
    await requestPause(database, runId, anybody)
    await over
    t.match(await read(runId), { status: 'PAUSED', attempt: 1, pauseRequestedAt: null })
    const [latest, before] = await findCheckpoints(database, runId)
    const bytes = await storage.read(latest?.key ?? '')
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 5) ^ 1, bytes.length - 5)
    await storage.put(latest?.key ?? '', bytes)
    await resumeRun(database, runId, anybody)
    await supervise(runId, 2)
    t.strictSame(await resumedSteps(runId), [before?.step])
    t.strictSame(await resultOf(runId), expected.result)
    t.strictSame(await curveOf(runId), expected.curve)
  })

  await t.test('a run whose checkpoints cannot be stored says so and trains on', async t => {
    const runId = await queue({ epochs: 1, trainingImages: 100 })
    await storage.put(`runs/${runId}/placeholder`, new Uint8Array(1))
    await writeFile(join(deps.config.storageDirectory, `runs/${runId}/checkpoints`), 'in the way')
    await supervise(runId, 1)
    t.equal((await read(runId)).status, 'SUCCEEDED')
    await hasHad(database, runId, 'checkpointFailed')
  })

  await t.test('a run whose time is up ends with what it has learnt', async t => {
    const runId = await queue({ epochs: 100, trainingImages: 4_000, maxSeconds: 1 })
    await supervise(runId, 1)
    const { status, result, modelKey } = await read(runId)
    t.equal(status, 'TIMED_OUT')
    t.match(result, { endedBy: 'deadline', testAccuracy: Number })
    t.ok((await storage.read(`${modelKey}/weights.bin`)).length > 0)
  })

  await t.test('a run that is cancelled leaves no checkpoint', async t => {
    const runId = await queue()
    const over = supervise(runId, 1)
    await storedBeyond(runId, 1, 1, 1)
    await requestCancel(database, runId, anybody)
    await over
    await runBecomes(database, runId, 'CANCELLED')
    t.strictSame(await findCheckpoints(database, runId), [])
  })

  async function storedBeyond(runId: string, attempt: number, epoch: number, steps: number) {
    const where = { runId, attempt, step: { gt: (epoch - 1) * 18 + steps } }
    while ((await database.runCheckpoint.count({ where })) === 0) {
      await new Promise(resolve => setTimeout(resolve, 5))
    }
  }
}
