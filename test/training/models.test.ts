import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { io } from '@tensorflow/tfjs-core'
import * as tfjs from '@tensorflow/tfjs-layers'
import t from 'tap'
import { dense, flatten } from '../../src/networks/layers.js'
import { buildSequential } from '../../src/networks/network-builder.js'
import { scratchFolder } from '../../src/platform/scratch.js'
import * as ledger from '../../src/training/runs/run-ledger.js'
import { openWasmEngine } from '../../workers/engines/wasm.js'
import { RunEngines } from '../../workers/run-engines.js'
import { superviseRun } from '../../workers/supervisor/supervisor.js'
import { loadModel } from '../../workers/trainer/predictor.js'
import { WorkerMetrics } from '../../workers/worker-metrics.js'
import { startedEvent } from '../support/started-event.js'
import { createUser, type TestUser } from '../support/users.js'
import { makeZip } from '../support/zips.js'
import { saveRandomModel } from '../workers/exporter/random-model.js'
import { brokenModels, convertedModel, goodModel } from './broken-models.js'
import { openUniversity } from './university.js'

const trainerFile = fileURLToPath(new URL('../../workers/trainer/main.js', import.meta.url))
const missing = '0193b2c0-0000-7000-8000-000000000000'
const mebibyte = 1024 * 1024

t.test('importing a model', async t => {
  const university = await openUniversity(t, { LYCEUM_MODEL_MAX_MB: '1', LYCEUM_MODEL_QUOTA_MB: '1' })
  const { app, deps, instructor, get, post, remove, ask, begin } = university
  const { database, storage, config } = deps
  const { tf } = await openWasmEngine()
  const scratch = t.testdir()
  const other = await createUser(university, { role: 'INSTRUCTOR' })
  const admin = await createUser(university, { role: 'ADMIN' })
  const send = (payload: Buffer, { headers }: Pick<TestUser, 'headers'> = instructor, title = 'Digits') =>
    app.inject({
      method: 'POST',
      url: `/api/v1/models?title=${title}`,
      headers: { ...headers, 'content-type': 'application/zip' },
      payload,
    })
  const keyOf = async (id: string) =>
    (await database.importedModel.findUniqueOrThrow({ where: { id } })).modelKey
  const few = {
    ...{ dataset: 'mnist', trainingImages: 100, validationSplit: 0, batchSize: 50, epochs: 1 },
    ...{ engine: 'wasm' },
  }
  const layers = [
    { type: 'flatten' },
    { type: 'dense', units: 8, activation: 'relu' },
    { type: 'dense', units: 10, activation: 'softmax' },
  ]

  /** What a run has trained, as it is exported. */
  const runId: string = (await post('/runs', instructor.headers, { spec: { ...few, layers } })).json().id
  const network = buildSequential(
    'digits',
    [28, 28, 1],
    [flatten(), dense(8, { activation: 'relu' }), dense(10, { activation: 'softmax' })],
  )
  await saveRandomModel(tf, network, scratch)
  const modelKey = `runs/${runId}/1`
  for (const file of ['model.json', 'weights.bin']) {
    await storage.put(`${modelKey}/${file}`, await readFile(join(scratch, file)))
  }
  const result = { classNames: ['no', 'yes'] }
  const key = await begin(runId)
  await ledger.appendEvents(database, key, [startedEvent])
  await ledger.finishRun(database, key, { status: 'SUCCEEDED', result, modelKey })
  const exported = (await app.inject({ url: `/api/v1/runs/${runId}/model`, headers: instructor.headers }))
    .rawPayload

  const imported = await send(exported)
  const id: string = imported.json().id
  await t.test('takes what was exported, to the bit', async t => {
    t.equal(imported.statusCode, 201, imported.body)
    t.equal(imported.headers.location, `/api/v1/models/${id}`)
    const classNames = Array.from({ length: 10 }, (_, label) => `class ${label}`)
    const parameters = 784 * 8 + 8 + 8 * 10 + 10
    t.match(imported.json(), {
      ...{ title: 'Digits', ownerId: instructor.userId, inputShape: [28, 28, 1], classNames, parameters },
      network: { name: 'digits', parameters, outputShape: [10], layers: [{ type: 'flatten' }, {}, {}] },
    })
    const key = await keyOf(id)
    for (const file of ['model.json', 'weights.bin']) {
      t.ok((await storage.read(`${key}/${file}`)).equals(await readFile(join(scratch, file))), file)
    }
    t.strictSame((await get(`/models/${id}`, instructor.headers)).json(), imported.json())
  })

  await t.test('gives runs their start', async t => {
    const response = await post('/runs', instructor.headers, {
      spec: { ...few, classes: [5, 6], from: { modelId: id, freeze: 'all-but-head' } },
    })
    t.equal(response.statusCode, 201, response.body)
    const run = response.json()
    t.match(run.spec, { from: { modelId: id, newHead: true, freeze: 'all-but-head' } })
    t.strictSame(Object.keys(run.spec.from).sort(), ['freeze', 'learningRates', 'modelId', 'newHead'])
    t.notOk('sourceModelId' in run)
    const { data } = await ask(
      `{ trainingRun(id: "${run.id}") { spec { from { modelId runId newHead } } } }`,
      instructor.headers,
    )
    t.strictSame(data.trainingRun.spec.from, { modelId: id, runId: null, newHead: true })
    t.match((await remove(`/models/${id}`, instructor.headers)).json(), {
      ...{ status: 409, code: 'MODEL_IN_USE', runs: 1 },
    })
    const parts = {
      ...deps,
      ...{
        workerId: 'w',
        trainerFile,
        datasetsDirectory: config.home,
        checkpointSeconds: 60,
        metrics: new WorkerMetrics(),
      },
      scratchDirectory: t.testdir(),
      engines: new RunEngines({ asked: 'auto', chosen: undefined, refused: [] }, config),
    }
    await superviseRun(parts, { runId: run.id, attempt: 1 }, new AbortController().signal)
    const ended = await database.trainingRun.findUniqueOrThrow({ where: { id: run.id } })
    t.match(ended, { status: 'SUCCEEDED', failure: null })
    const [before, after] = await Promise.all(
      [await keyOf(id), ended.modelKey].map(key => storage.read(`${key}/weights.bin`)),
    )
    const frozen = 4 * (784 * 8 + 8)
    t.ok(after?.subarray(0, frozen).equals(before?.subarray(0, frozen) ?? Buffer.alloc(0)))
    t.equal(after?.length, frozen + 4 * (8 * 2 + 2))
  })

  await t.test('is no start for what does not fit, or is not there', async t => {
    const refusal = async (change: object, user = instructor) => {
      const response = await post('/runs', user.headers, { spec: { ...few, ...change } })
      t.equal(response.json().code, 'RUN_SPEC_IMPOSSIBLE', response.body)
      return response.json()
    }
    const from = { modelId: id }
    t.match(await refusal({ from, dataset: 'cifar-synthetic' }), { detail: /takes inputs of 28x28x1/ })
    t.match(await refusal({ from, architecture: 'lenet-5' }), { problems: [{ message: /does not fit/ }] })
    t.match(await refusal({ from: { ...from, freeze: 'x' } }), { detail: /There is no layer 'x'/ })
    const head = { from: { ...from, newHead: false }, classes: [1, 2] }
    t.match(await refusal(head), { detail: /10 classes apart, the run 2: set 'newHead'/ })
    const foreign = await refusal({ from }, other)
    t.match(foreign, { detail: `spec.from: There is no imported model ${id} that you may use.` })
    const none = await refusal({ from: { modelId: missing } })
    t.equal(none.detail.replace(missing, id), foreign.detail)
    for (const both of [{ modelId: id, runId }, { modelId: id, labId: 'tea-lab' }, { modelId: 'x' }]) {
      const response = await post('/runs', instructor.headers, { spec: { ...few, from: both } })
      t.match(response.json(), { status: 400, code: 'INVALID_INPUT' })
    }
    const summary = await post('/networks/summary', instructor.headers, { spec: { ...few, from } })
    t.match(summary.json(), { name: 'digits', outputShape: [10] })
  })

  await t.test('takes what tfjs saves itself, in another order and in pieces', async t => {
    const model = tfjs.sequential({
      layers: [
        tfjs.layers.conv2d({ inputShape: [6, 6, 3], filters: 2, kernelSize: 3, useBias: false }),
        tfjs.layers.batchNormalization({}),
        tfjs.layers.reLU(),
        tfjs.layers.globalAveragePooling2d({}),
        tfjs.layers.dense({ units: 4, activation: 'softmax' }),
      ],
    })
    let zip: Buffer = Buffer.alloc(0)
    await model.save(
      io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
        const bytes = Buffer.from(io.CompositeArrayBuffer.join(weightData))
        const paths = ['a-shard1of2.bin', 'a-shard2of2.bin']
        const manifest = { modelTopology, weightsManifest: [{ paths, weights: weightSpecs }] }
        zip = await makeZip({
          'tiny/model.json': JSON.stringify({ ...manifest, format: 'layers-model' }),
          'tiny/a-shard1of2.bin': bytes.subarray(0, 50),
          'tiny/a-shard2of2.bin': bytes.subarray(50),
          'README.txt': 'of no account',
        })
        return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } }
      }),
    )
    const response = await send(zip)
    t.match(response.json(), { inputShape: [6, 6, 3], classNames: ['0', '1', '2', '3'] })
    const stored = await loadModel(join(config.storageDirectory, await keyOf(response.json().id)))
    const images = tf.reshape(tf.linspace(0, 1, 108), [1, 6, 6, 3])
    const [ours, theirs] = [stored, model].map(each => [each.predict(images)].flat()[0]?.arraySync())
    t.strictSame(ours, theirs)
    t.equal((await remove(`/models/${response.json().id}`, instructor.headers)).statusCode, 204)
  })

  await t.test('is listed for its owner, and deleted with its files', async t => {
    const second: string = (await send(exported, instructor, 'Again')).json().id
    const page = (await get('/models?first=1', instructor.headers)).json()
    t.match(page, { items: [{ id: second, title: 'Again' }], pageInfo: { hasNextPage: true } })
    t.notOk('network' in page.items[0] || 'modelKey' in page.items[0])
    const query = `query ($after: String) { models(first: 1, after: $after) {
      totalCount edges { node { id classNames network { name layers { type } } } } } }`
    const { data } = await ask(query, instructor.headers, { after: page.pageInfo.endCursor })
    t.match(data.models, { totalCount: 2, edges: [{ node: { id, network: { name: 'digits' } } }] })
    const one = async (user: TestUser) =>
      (await ask('query ($id: ID!) { model(id: $id) { title bytes } }', user.headers, { id })).data
    t.match(await one(admin), { model: { title: 'Digits' } })
    t.strictSame(await one(other), { model: null })
    t.match((await get('/models', admin.headers)).json(), { items: [] })
    const key = await keyOf(second)
    const deletion = await ask(`mutation { deleteModel(id: "${second}") }`, instructor.headers)
    t.strictSame(deletion, { data: { deleteModel: second } })
    t.notOk(await storage.holds(`${key}/weights.bin`))
  })

  await t.test('is bounded, in size and by the quota', async t => {
    t.match((await send(Buffer.alloc(mebibyte + 1))).json(), { status: 413, code: 'BODY_TOO_LARGE' })
    const ownerId = other.userId
    const row = { ownerId, title: 'A', modelKey: 'models/none', parameters: 1, classNames: [] }
    const rows = (count: number, bytes: number) =>
      database.importedModel.createMany({ data: Array.from({ length: count }, () => ({ ...row, bytes })) })
    await rows(20, 0)
    t.match((await send(exported, other)).json(), { status: 409, code: 'MODEL_TOO_MANY', most: 20 })
    await database.importedModel.deleteMany({ where: { ownerId } })
    await rows(1, mebibyte - 1)
    t.match((await send(exported, other)).json(), { status: 409, code: 'MODEL_QUOTA_FULL', quota: mebibyte })
  })

  await t.test('is refused with its reason where it is none', async t => {
    const before = readdirSync(join(config.storageDirectory, 'models')).length
    for (const [name, zip, reason] of brokenModels) {
      const answer = (await send(await zip)).json()
      t.match(answer, { status: 422, code: 'MODEL_REFUSED', detail: reason }, name)
    }
    t.match((await send(await goodModel)).json(), { classNames: ['0', '1'] }, 'as it is without a fault')
    const asConverted = await send(await convertedModel)
    t.match(asConverted.json(), { network: { name: 'net' } }, 'as the converter puts it')
    t.equal(readdirSync(join(config.storageDirectory, 'models')).length, before + 2)
    t.strictSame(
      readdirSync(join(tmpdir(), scratchFolder)).filter(name => name.includes(`-${process.pid}-`)),
      [],
    )
  })

  await t.test('leaves the record of ended runs when it is deleted', async t => {
    t.equal((await remove(`/models/${id}`, instructor.headers)).statusCode, 204)
    const run = await database.trainingRun.findFirstOrThrow({ orderBy: { id: 'desc' } })
    t.match(run, { status: 'SUCCEEDED', sourceModelId: null, spec: { from: { modelId: id } } })
    t.match((await get(`/models/${id}`, instructor.headers)).json(), { code: 'NOT_FOUND' })
  })
})
