import { readdirSync } from 'node:fs'
import { rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { Actor } from '../../src/identity/contract.js'
import { Prisma, type Transaction } from '../../src/platform/database.js'
import { scratchFolder } from '../../src/platform/scratch.js'
import type { Storage } from '../../src/platform/storage/storage.js'
import { createDatasetService } from '../../src/training/datasets/dataset-service.js'
import { createModelService } from '../../src/training/models/model-service.js'
import { createDispatcher } from '../../src/training/queue/dispatcher.js'
import { createLaunchRules } from '../../src/training/runs/launch-rules.js'
import { createRunService } from '../../src/training/runs/run-service.js'
import { sweepStorage } from '../../src/training/storage-sweep.js'
import { openTestDependencies } from '../support/app.js'
import { goodModel } from './broken-models.js'
import { openUniversity } from './university.js'

t.test('deleting what runs need', async t => {
  const university = await openUniversity(t)
  const { app, deps, instructor, get, post, remove, launch, succeed } = university
  const { database, storage, config } = deps
  const { headers, userId: ownerId } = instructor
  const actor: Actor = {
    ...{ kind: 'user', userId: ownerId, role: 'INSTRUCTOR', scopes: ['read', 'train'] },
    ...{ tokenId: ownerId, tokenKind: 'API', tokenExpiresAt: new Date() },
  }
  const dispatcher = createDispatcher(deps)
  t.teardown(() => dispatcher.close())
  const rules = createLaunchRules(deps, app.catalog, app.learning)
  const runServiceOn = (storage: Storage) =>
    createRunService({ ...deps, storage }, app.catalog, dispatcher, rules)
  const addDataset = async (): Promise<string> => {
    const images = { inputShape: [4, 4, 1], classNames: ['0', '1'], split: 'None.' }
    const counts = { trainingCounts: [100, 100], testCounts: [10, 10] }
    const ready = { state: 'READY' as const, receivedAt: new Date(), ...images, ...counts }
    const { id } = await database.uploadedDataset.create({
      data: { ownerId, title: 'Two', bytes: 1, ...ready },
    })
    await storage.put(`datasets/${id}/1/images.bin`, Buffer.from('images'))
    return id
  }
  const importModel = async (): Promise<string> => {
    const types = { 'content-type': 'application/zip' }
    const url = '/api/v1/models?title=Small'
    const payload = await goodModel
    return (await app.inject({ method: 'POST', url, headers: { ...headers, ...types }, payload })).json().id
  }
  const keyOf = async (id: string) =>
    (await database.importedModel.findUniqueOrThrow({ where: { id } })).modelKey
  const few = { dataset: await addDataset(), epochs: 1, batchSize: 10 }
  const layers = [
    { type: 'flatten' },
    { type: 'dense', units: 3 },
    { type: 'dense', units: 2, activation: 'softmax' },
  ]
  const modelJson = await storage.read(`${await keyOf(await importModel())}/model.json`)
  const trainRun = async (): Promise<string> => {
    const id = await launch(instructor, { spec: { ...few, layers } })
    await succeed(id)
    await storage.put(`runs/${id}/1/model.json`, modelJson)
    return id
  }
  const kinds = [
    {
      ...{ path: 'datasets', table: 'datasets', inUse: 'DATASET_IN_USE', make: addDataset },
      specOf: (dataset: string) => ({ ...few, layers, dataset }),
    },
    {
      ...{ path: 'models', table: 'models', inUse: 'MODEL_IN_USE', make: importModel },
      specOf: (modelId: string) => ({ ...few, from: { modelId } }),
    },
    {
      ...{ path: 'runs', table: 'training_runs', inUse: 'RUN_MODEL_IN_USE', make: trainRun },
      specOf: (runId: string) => ({ ...few, from: { runId } }),
    },
  ] as const
  /** Until so many statements wait for the transaction, or for one that does: the dispatcher has locks of its own. */
  const blocked = async (tx: Transaction, statements: number) => {
    const [own] = await tx.$queryRaw<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`
    for (let waiting = 0; waiting < statements; ) {
      await sleep(10)
      const rows = await database.$queryRaw<unknown[]>`
        WITH RECURSIVE waiting AS (
          SELECT pid FROM pg_stat_activity WHERE ${own?.pid}::int = ANY (pg_blocking_pids(pid))
          UNION
          SELECT a.pid FROM pg_stat_activity a JOIN waiting w ON w.pid = ANY (pg_blocking_pids(a.pid)))
        SELECT pid FROM waiting`
      waiting = rows.length
    }
  }

  for (const { path, table, inUse, make, specOf } of kinds) {
    await t.test(`(${path}) an instant before a launch refuses it with the reason`, async t => {
      const id = await make()
      const launched = await database.$transaction(async tx => {
        await tx.$executeRaw`DELETE FROM ${Prisma.raw(table)} WHERE id = ${id}::uuid`
        const response = post('/runs', headers, { spec: specOf(id) })
        await blocked(tx, 1)
        return { response }
      })
      const refusal = (await launched.response).json()
      t.match(refusal, { status: 422, code: 'RUN_SPEC_IMPOSSIBLE', detail: new RegExp(id) })
      const later = (await post('/runs', headers, { spec: specOf(id) })).json()
      t.equal(refusal.detail, later.detail, 'as if it had long been gone')
    })

    await t.test(`(${path}) an instant after a launch is refused until the run has ended`, async t => {
      const id = await make()
      const both = await database.$transaction(async tx => {
        // A launch gets as far as the first attempt.
        await tx.$executeRaw`LOCK TABLE run_attempts IN SHARE MODE`
        const launching = post('/runs', headers, { spec: specOf(id) })
        await blocked(tx, 1)
        const removal = remove(`/${path}/${id}`, headers)
        await blocked(tx, 2)
        return { launching, removal }
      })
      const launched = await both.launching
      t.equal(launched.statusCode, 201, launched.body)
      t.match((await both.removal).json(), { status: 409, code: inUse, runs: 1 })
      await post(`/runs/${launched.json().id}/cancel`, headers)
      t.equal((await remove(`/${path}/${id}`, headers)).statusCode, 204)
    })
  }

  await t.test('while the files of a model are opened is answered as if there had been none', async t => {
    for (const { path, make, specOf } of kinds.slice(1)) {
      const id = await make()
      /** As if somebody had been faster. */
      const overtaken: Storage = {
        ...storage,
        async read(key) {
          await remove(`/${path}/${id}`, headers)
          return storage.read(key)
        },
      }
      const runs = runServiceOn(overtaken)
      await t.rejects(runs.launchRun(actor, { spec: specOf(id) }), { code: 'RUN_SPEC_IMPOSSIBLE' })
      const model = await importModel()
      const gone: Storage = {
        ...storage,
        async read(key) {
          await remove(`/models/${model}`, headers)
          return storage.read(key)
        },
      }
      await t.rejects(createModelService({ ...deps, storage: gone }).getModel(actor, model), {
        code: 'NOT_FOUND',
      })
    }
  })

  await t.test('or storing it, by a process that is killed midway, leaves no files for long', async t => {
    t.teardown(async () => {
      const left = readdirSync(join(tmpdir(), scratchFolder)).filter(name =>
        name.includes(`-${process.pid}-`),
      )
      for (const name of left) await rm(join(tmpdir(), scratchFolder, name), { recursive: true })
    })
    /** Never comes back from what it does, as a process that is killed then. */
    const killedIn = async (step: 'write' | 'deleteAll', work: (dying: Storage) => Promise<unknown>) => {
      await new Promise<void>((resolve, reject) => {
        const end = () => new Promise<never>(() => resolve())
        const dying: Storage =
          step === 'write'
            ? { ...storage, write: (key, source) => storage.write(key, source).then(end) }
            : { ...storage, deleteAll: end }
        work(dying).catch(reject)
      })
    }
    const zip = await goodModel
    const [dataset, model, run, kept] = await Promise.all([
      addDataset(),
      importModel(),
      trainRun(),
      addDataset(),
    ])
    const keptModel = await importModel()
    await killedIn('write', storage =>
      createModelService({ ...deps, storage }).importModel(actor, { title: 'Cut' }, Readable.from([zip])),
    )
    await killedIn('deleteAll', storage => createModelService({ ...deps, storage }).deleteModel(actor, model))
    await killedIn('deleteAll', storage =>
      createDatasetService({ ...deps, storage }).deleteDataset(actor, dataset),
    )
    await killedIn('deleteAll', storage => runServiceOn(storage).deleteRun(actor, run))
    // A worker was killed after it had decoded the upload, and one before while it did.
    await database.uploadedDataset.update({ where: { id: kept }, data: { attempt: 2 } })
    await storage.put(`datasets/${kept}/upload`, zip)
    await storage.put(`datasets/${kept}/2/images.bin`, zip)
    t.strictSame(await sweepStorage(deps), [], 'what is young may be on its way')

    const then = new Date(Date.now() - 25 * 60 * 60_000)
    for (const name of readdirSync(config.storageDirectory, { recursive: true, encoding: 'utf8' })) {
      await utimes(join(config.storageDirectory, name), then, then)
    }
    const stranger = await openTestDependencies(t)
    await t.rejects(sweepStorage({ ...stranger.deps, storage }), /belongs to another database/)
    const removed = await sweepStorage(deps)
    for (const prefix of [`runs/${run}`, `datasets/${dataset}`]) t.ok(removed.includes(prefix), prefix)
    t.strictSame(readdirSync(join(config.storageDirectory, 'datasets', kept)), ['2'])
    const left = (folder: string) => readdirSync(join(config.storageDirectory, folder)).sort()
    const ids = (rows: { id: string }[]) => rows.map(({ id }) => id).sort()
    t.strictSame(left('datasets'), ids(await database.uploadedDataset.findMany()))
    const models = await database.importedModel.findMany()
    t.strictSame(left('models'), models.map(({ modelKey }) => modelKey.replace('models/', '')).sort())
    t.strictSame(
      left('runs'),
      ids(await database.trainingRun.findMany({ where: { modelKey: { not: null } } })),
    )
    t.ok(await storage.holds(`datasets/${kept}/2/images.bin`))
    t.ok(await storage.holds(`datasets/${few.dataset}/1/images.bin`))
    t.strictSame(await sweepStorage(deps), [])
    t.equal((await get(`/models/${keptModel}`, headers)).statusCode, 200)
  })
})
