import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { io } from '@tensorflow/tfjs-core'
import * as tfjs from '@tensorflow/tfjs-layers'
import t from 'tap'
import { dense, flatten } from '../../src/networks/layers.js'
import { layersModelDocument } from '../../src/networks/layers-model.js'
import { buildSequential } from '../../src/networks/network-builder.js'
import * as ledger from '../../src/training/run-ledger.js'
import { openWasmEngine } from '../../workers/engines/wasm.js'
import { RunEngines } from '../../workers/run-engines.js'
import { superviseRun } from '../../workers/supervisor.js'
import { loadModel } from '../../workers/trainer/predictor.js'
import { startedEvent } from '../support/started-event.js'
import { createUser, type TestUser } from '../support/users.js'
import { forgeText, makeZip } from '../support/zips.js'
import { saveRandomModel } from '../workers/exporter/random-model.js'
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
      ...{ workerId: 'w', trainerFile, datasetsDirectory: config.home, checkpointSeconds: 60 },
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

  const small = buildSequential('net', [4, 4, 1], [flatten(), dense(3), dense(2, { activation: 'softmax' })])
  const json = layersModelDocument(small, {})
  const [group] = json.weightsManifest
  const weights = Buffer.from(new Float32Array(small.parameters).fill(0.5).buffer)
  const zipOf = (change: object, files: Record<string, Uint8Array | string> = { 'weights.bin': weights }) =>
    makeZip({ 'model.json': JSON.stringify({ ...json, ...change }), ...files })
  const listing = (change: (weights: object[]) => object[], paths = ['weights.bin']) =>
    zipOf({ weightsManifest: [{ paths, weights: change([...(group?.weights ?? [])]) }] })
  const first = (change: object) => listing(([head, ...rest]) => [{ ...head, ...change }, ...rest])
  const topology = (layers: { class_name: string; config: object }[]) => {
    const named = layers.map(({ config, ...rest }, index) => ({
      ...rest,
      config: { name: `l${index}`, ...config },
    }))
    return zipOf({ modelTopology: { class_name: 'Sequential', config: { name: 'net', layers: named } } })
  }
  const input = { batch_input_shape: [null, 4, 4, 1] }
  const layer = (class_name: string, config: object) => ({ class_name, config })
  const withFloat = (value: number) => {
    const changed = Buffer.from(weights)
    changed.writeFloatLE(value, 4 * 49)
    return changed
  }
  const zeros = Buffer.alloc(600_000)
  const good = await zipOf({})
  const refused: [name: string, zip: Buffer | Promise<Buffer>, reason: RegExp][] = [
    ['no zip', Buffer.from('hello'), /cannot be read as a zip/],
    ['nothing at all', Buffer.alloc(0), /cannot be read as a zip/],
    ['a zip that was cut off', good.subarray(0, -30), /cannot be read as a zip/],
    ['a path that leads out', forgeText(good, 'weights.bin', '../ghts.bin'), /relative path/],
    ['a bomb', makeZip({ 'a.bin': Buffer.alloc(2 * mebibyte) }), /more than 200 times as large/],
    ['two small bombs', makeZip({ 'a.bin': zeros, 'b.bin': zeros }), /more than 1 MiB unpacked/],
    [
      'too many entries',
      makeZip(Object.fromEntries(Array.from({ length: 1_001 }, (_, n) => [`${n}`, '']))),
      /1001 entries; 1000 are taken/,
    ],
    ['no model.json', makeZip({ 'weights.bin': weights }), /no 'model\.json'/],
    ['a model.json too deep', makeZip({ 'a/b/model.json': '{}' }), /no 'model\.json'/],
    ['two models', makeZip({ 'a/model.json': '{}', 'b/model.json': '{}' }), /two models/],
    ['a model.json that is no JSON', makeZip({ 'model.json': '{' }), /It is no JSON/],
    ['a list', makeZip({ 'model.json': '[]' }), /not the model\.json of a LayersModel/],
    ['no manifest', zipOf({ weightsManifest: undefined }), /LayersModel: weightsManifest/],
    ['a GraphModel', zipOf({ format: 'graph-model' }), /GraphModel, whose layers are lost/],
    [
      'a layer unknown here',
      topology([layer('LSTM', { name: 'l', units: 2, ...input })]),
      /LSTM 'l'.*not supported/,
    ],
    ['a model inside the model', topology([layer('Sequential', { layers: [], ...input })]), /not supported/],
    [
      'a layer that does not fit',
      topology([layer('Conv2D', { ...input, filters: 1, kernel_size: 9 })]),
      /Conv2D/,
    ],
    [
      'vectors for images',
      topology([layer('Dense', { units: 2, batch_input_shape: [null, 16] })]),
      /takes no images/,
    ],
    [
      'images of any size',
      topology([layer('Flatten', { batch_input_shape: [null, null, null, 1] })]),
      /takes no images/,
    ],
    [
      'no classes',
      topology([layer('Flatten', input), layer('Dense', { units: 1 })]),
      /tells no classes apart/,
    ],
    [
      'an image that comes out',
      topology([layer('Conv2D', { ...input, filters: 2, kernel_size: 1 })]),
      /no classes apart/,
    ],
    [
      'a head that is no dense layer',
      topology([layer('Conv2D', { ...input, filters: 2, kernel_size: 4 }), layer('Flatten', {})]),
      /must be a dense one/,
    ],
    ['a weight that is missing', listing(all => all.slice(1)), /'dense_1\/kernel' is missing/],
    [
      'a weight too many',
      listing(all => [...all, { name: 'dense_1/kernel/m', shape: [1], dtype: 'float32' }]),
      /'dense_1\/kernel\/m' belongs to none/,
    ],
    ['a weight twice', listing(all => [...all, all[0] ?? {}]), /'dense_1\/kernel' is listed twice/],
    ['a weight turned', first({ shape: [3, 16] }), /is of shape \[3, 16\], and its layer's is \[16, 3\]/],
    ['a shape that is none', first({ shape: [-1, 3] }), /weightsManifest\.0\.weights\.0\.shape/],
    ['half precision', first({ dtype: 'float16' }), /is float16: it must be float32/],
    ['quantized weights', first({ quantization: { dtype: 'uint8', scale: 1, min: 0 } }), /is quantized/],
    [
      'a file that is missing',
      listing(all => all, ['others.bin']),
      /'others\.bin', which the model\.json names/,
    ],
    [
      'a file outside of the zip',
      listing(all => all, ['../../etc/passwd']),
      /passwd', which the model\.json names/,
    ],
    [
      'the same file twice',
      listing(all => all, ['weights.bin', './weights.bin']),
      /names '\.\/weights\.bin' twice/,
    ],
    [
      'weights that end early',
      zipOf({}, { 'weights.bin': weights.subarray(4) }),
      /are 232 bytes, and must be 236/,
    ],
    [
      'weights that go on',
      zipOf({}, { 'weights.bin': Buffer.concat([weights, weights]) }),
      /472 bytes, and must be 236/,
    ],
    [
      'a number that is none',
      zipOf({}, { 'weights.bin': withFloat(Number.NaN) }),
      /'dense_1\/bias' holds NaN/,
    ],
    ['infinity', zipOf({}, { 'weights.bin': withFloat(-Infinity) }), /'dense_1\/bias' holds -Infinity/],
    [
      'too few names of classes',
      zipOf({ userDefinedMetadata: { classNames: ['a'] } }),
      /name 1 classes, and it tells 2/,
    ],
    ['a class twice', zipOf({ userDefinedMetadata: { classNames: ['a', 'a'] } }), /the class 'a' twice/],
    ['classes without names', zipOf({ userDefinedMetadata: { classNames: ['a', ''] } }), /classNames/],
  ]
  await t.test('is refused with its reason where it is none', async t => {
    const before = readdirSync(join(config.storageDirectory, 'models')).length
    for (const [name, zip, reason] of refused) {
      const answer = (await send(await zip)).json()
      t.match(answer, { status: 422, code: 'MODEL_REFUSED', detail: reason }, name)
    }
    t.match((await send(good)).json(), { classNames: ['0', '1'] }, 'as it is without a fault')
    const converted = { keras_version: '2.15.0', backend: 'tensorflow', model_config: json.modelTopology }
    const asConverted = await send(await zipOf({ modelTopology: converted }))
    t.match(asConverted.json(), { network: { name: 'net' } }, 'as the converter puts it')
    t.equal(readdirSync(join(config.storageDirectory, 'models')).length, before + 2)
    t.strictSame(
      readdirSync(tmpdir()).filter(name => name.startsWith(`lyceum-model-${process.pid}-`)),
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
