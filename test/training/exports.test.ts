import { mkdtempSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import yauzl from 'yauzl'
import { findArchitecture } from '../../src/networks/architectures/index.js'
import { exportQueue, exportRequest } from '../../src/training/contract.js'
import * as ledger from '../../src/training/runs/run-ledger.js'
import { openWasmEngine } from '../../workers/engines/wasm.js'
import { exportModel } from '../../workers/model-exporter.js'
import { loadModel } from '../../workers/trainer/predictor.js'
import { startedEvent } from '../support/started-event.js'
import { createUser } from '../support/users.js'
import { saveRandomModel } from '../workers/exporter/random-model.js'
import { openUniversity } from './university.js'

t.test('the exports of a run', async t => {
  const university = await openUniversity(t)
  const { app, deps, owner, instructor, get, ask, launch, begin } = university
  const { headers } = instructor
  const { tf } = await openWasmEngine()
  const scratch = t.testdir()

  /** A run of a lab that has succeeded with a model of this architecture. */
  const trained = async (architecture: string, name = 'Tea & leaves') => {
    const id = await launch(instructor, { name, labId: 'tea-lab' })
    const network = findArchitecture(architecture)?.build({ classes: 10 })
    if (!network) throw new Error(`there is no ${architecture}`)
    const directory = mkdtempSync(join(scratch, 'model-'))
    await saveRandomModel(tf, network, directory)
    const modelKey = `runs/${id}/1`
    for (const file of ['model.json', 'weights.bin']) {
      await deps.storage.put(`${modelKey}/${file}`, await readFile(join(directory, file)))
    }
    const result = { classNames: ['no', 'yes'] }
    const key = await begin(id)
    await ledger.appendEvents(deps.database, key, [startedEvent])
    await ledger.finishRun(deps.database, key, { status: 'SUCCEEDED', result, modelKey })
    return { id, directory }
  }
  const download = (id: string, format: string, user = instructor) =>
    app.inject({ url: `/api/v1/runs/${id}/model?format=${format}`, headers: user.headers })
  const lenet = await trained('lenet-5')

  await t.test('are a zip that tfjs opens', async t => {
    const answer = await download(lenet.id, 'tfjs')
    t.match(answer.headers, {
      'content-type': 'application/zip',
      'content-length': `${answer.rawPayload.length}`,
      'content-disposition': 'attachment; filename="tea-leaves.zip"',
    })
    const files = await unzip(answer.rawPayload)
    t.strictSame([...files.keys()], ['model.json', 'weights.bin'])
    const folder = mkdtempSync(join(scratch, 'unzipped-'))
    for (const [name, bytes] of files) await writeFile(join(folder, name), bytes)
    const images = tf.ones([1, 28, 28, 1])
    const [ours, theirs] = await Promise.all(
      [lenet.directory, folder].map(async directory => {
        const model = await loadModel(directory)
        return [model.predict(images)].flat()[0]?.arraySync()
      }),
    )
    t.strictSame(theirs, ours)
    t.strictSame((await download(lenet.id, 'tfjs')).rawPayload.length, answer.rawPayload.length)
  })

  await t.test('are made by a worker, and kept until the run is deleted', async t => {
    let made = 0
    const worker = deps.courier.worker(exportQueue, async ({ data }) => {
      made++
      const parts = { database: deps.database, storage: deps.storage, scratchDirectory: scratch }
      await exportModel(parts, exportRequest.parse(data), new AbortController().signal)
    })
    await worker.ready()
    const { id } = await trained('lenet-5', '茶')
    const [archive] = await Promise.all([download(id, 'keras'), download(id, 'keras')])
    t.match(archive.headers, {
      'content-type': 'application/zip',
      'content-disposition': `attachment; filename="${id}.keras"`,
    })
    const files = await unzip(archive.rawPayload)
    t.strictSame([...files.keys()], ['metadata.json', 'config.json', 'model.weights.h5'])
    t.equal(files.get('model.weights.h5')?.subarray(1, 4).toString(), 'HDF')
    const onnx = await download(id, 'onnx')
    t.equal(onnx.statusCode, 200)
    t.ok(onnx.rawPayload.includes('probabilities'))
    const before = made
    t.strictSame((await download(id, 'keras')).rawPayload, archive.rawPayload)
    t.equal(made, before)
    t.ok(await deps.storage.holds(`runs/${id}/1/exports/1/model.keras`))
    await university.remove(`/runs/${id}`, headers)
    t.notOk(await deps.storage.holds(`runs/${id}/1/exports/1/model.keras`))
    await worker.close()
  })

  await t.test('are refused where the format knows nothing of a layer', async t => {
    const { id } = await trained('alexnet-small')
    t.match((await download(id, 'keras')).json(), {
      ...{ status: 422, code: 'RUN_EXPORT_IMPOSSIBLE' },
      detail: /Keras has no layer like 'localResponseNormalization_1'/,
    })
    const query = `{ trainingRun(id: "${id}") { exports { format url unavailableReason } } }`
    const { data } = await ask(query, headers)
    const { items } = (await get(`/runs/${id}/exports`, headers)).json()
    t.strictSame(data.trainingRun.exports, items)
    t.match(items, [
      { format: 'tfjs', url: `/api/v1/runs/${id}/model?format=tfjs`, unavailableReason: null },
      { format: 'keras', url: null, unavailableReason: /^Keras has no layer/ },
      { format: 'onnx', url: `/api/v1/runs/${id}/model?format=onnx`, unavailableReason: null },
    ])
  })

  await t.test('are for those who may see the run, once it has a model', async t => {
    const stranger = await createUser(university, { role: 'INSTRUCTOR' })
    t.equal((await download(lenet.id, 'tfjs', owner)).statusCode, 200, 'the owner of the course')
    t.match((await download(lenet.id, 'tfjs', stranger)).json(), { status: 404, code: 'NOT_FOUND' })
    t.match((await get(`/runs/${lenet.id}/exports`, stranger.headers)).json(), { code: 'NOT_FOUND' })
    t.match((await get(`/runs/${lenet.id}/model`)).json(), { code: 'UNAUTHENTICATED' })
    t.match((await download(lenet.id, 'pickle')).json(), { code: 'INVALID_INPUT' })
    const waiting = await launch()
    t.match((await download(waiting, 'onnx')).json(), { status: 409, code: 'RUN_MODEL_MISSING' })
    t.strictSame((await get(`/runs/${waiting}/exports`, headers)).json(), { items: [] })
  })
})

async function unzip(bytes: Buffer): Promise<Map<string, Buffer>> {
  const zip = await yauzl.fromBufferPromise(bytes)
  const files = new Map<string, Buffer>()
  for await (const entry of zip.eachEntry()) {
    const parts: Buffer[] = []
    for await (const part of await zip.openReadStreamPromise(entry)) parts.push(part)
    files.set(entry.fileName, Buffer.concat(parts))
  }
  return files
}
