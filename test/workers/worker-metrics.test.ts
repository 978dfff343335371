import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parseCardUse, readCardUse } from '../../workers/card-use.js'
import { RunEngines } from '../../workers/run-engines.js'
import { superviseRun } from '../../workers/supervisor/supervisor.js'
import { WorkerMetrics } from '../../workers/worker-metrics.js'
import { openTestDependencies } from '../support/app.js'
import { queueRun, queueSpec, standInTrainer } from '../support/runs.js'
import { parseMetrics } from '../support/scrape.js'

const trainerFile = fileURLToPath(new URL('../../workers/trainer/main.js', import.meta.url))

t.test('what a worker tells Prometheus', async t => {
  const { deps } = await openTestDependencies(t)
  const { database } = deps
  const metrics = new WorkerMetrics()
  const read = async () => parseMetrics(await metrics.registry.metrics())
  const parts = {
    ...{
      ...deps,
      metrics,
      workerId: 'w',
      datasetsDirectory: deps.config.home,
      scratchDirectory: t.testdir(),
    },
    checkpointSeconds: 60,
    engines: new RunEngines({ asked: 'auto', chosen: undefined, refused: [] }, deps.config),
  }
  const supervise = (runId: string, trainerFile: string) =>
    superviseRun({ ...parts, trainerFile }, { runId, attempt: 1 }, new AbortController().signal)

  await t.test('of a run that trained, its steps, images, checkpoints and events', async t => {
    const layers = [{ type: 'flatten' }, { type: 'dense', units: 10 }]
    const images = { trainingImages: 110, batchSize: 50, epochs: 2 }
    const id = await queueSpec(database, { dataset: 'mnist', engine: 'wasm', layers, ...images })
    const over = supervise(id, trainerFile)
    while ((await read()).read('lyceum_worker_runs') !== 1) await new Promise(setImmediate)
    await over
    const told = await database.runEvent.findMany({ where: { runId: id, attempt: 1 } })
    const started = told.find(event => event.type === 'started')?.payload
    const last = told.filter(event => event.type === 'epoch').at(-1)?.payload
    const found = await read()
    const engine = { engine: 'wasm' }
    t.match(last, { step: found.read('lyceum_worker_steps_total', engine) })
    t.match(started, { trainingImages: (found.read('lyceum_worker_images_total', engine) ?? 0) / 2 })
    const checkpoints = told.filter(event => event.type === 'checkpoint').length
    t.ok(checkpoints > 0)
    t.equal(found.read('lyceum_worker_checkpoints_total', { outcome: 'stored' }), checkpoints)
    t.equal(found.read('lyceum_worker_attempts_total', { outcome: 'finished' }), 1)
    t.equal(found.read('lyceum_worker_runs'), 0)
    t.equal(found.read('lyceum_worker_images_per_second', engine), undefined)
    // What the ledger tells itself no child has reported.
    const reported = told.filter(event => !['starting', 'checkpoint'].includes(event.type))
    t.equal(found.read('lyceum_worker_event_storing_seconds_count'), reported.length)
  })

  await t.test('of a run that failed, the code of its failure', async t => {
    await supervise(await queueRun(database, 'fails'), standInTrainer)
    const found = await read()
    t.equal(found.read('lyceum_worker_failures_total', { code: 'DIVERGED' }), 1)
    t.equal(found.read('lyceum_worker_attempts_total', { outcome: 'failed' }), 1)
  })

  await t.test('of its cards, what nvidia-smi says', async t => {
    t.equal((await read()).read('lyceum_worker_gpu_busy_ratio'), undefined)
    t.strictSame(parseCardUse(['0'], '0, GPU-a, [N/A], 2048\n1, GPU-b, 10, 5\n'), [
      { index: '0', busy: undefined, memoryUsedBytes: 2048 * 1024 * 1024 },
    ])
    const directory = t.testdir({ 'nvidia-smi': '#!/bin/sh\necho "0, GPU-a, 37, 1024"\n' })
    chmodSync(join(directory, 'nvidia-smi'), 0o755)
    const { PATH, CUDA_VISIBLE_DEVICES } = process.env
    t.teardown(() => {
      process.env.PATH = PATH
      if (CUDA_VISIBLE_DEVICES === undefined) delete process.env.CUDA_VISIBLE_DEVICES
      else process.env.CUDA_VISIBLE_DEVICES = CUDA_VISIBLE_DEVICES
    })
    Object.assign(process.env, { PATH: `${directory}:${PATH}`, CUDA_VISIBLE_DEVICES: '0' })
    let found = await read()
    // What was read of late is given once more.
    while (found.read('lyceum_worker_gpu_busy_ratio') === undefined) found = await read()
    t.equal(found.read('lyceum_worker_gpu_busy_ratio', { card: '0' }), 0.37)
    t.equal(found.read('lyceum_worker_gpu_memory_used_bytes', { card: '0' }), 1024 ** 3)
    t.equal((await readCardUse()).length, 1)
  })
})
