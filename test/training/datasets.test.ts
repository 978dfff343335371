import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import sharp from 'sharp'
import t from 'tap'
import { z } from 'zod'
import * as ledger from '../../src/training/datasets/dataset-ledger.js'
import { datasets as builtIn } from '../../src/training/datasets/datasets.js'
import { childrenOf, hasHad, runBecomes, startWorker } from '../support/runs.js'
import { createUser, type TestUser } from '../support/users.js'
import { makeClassFolders, makeImage, makeZip } from '../support/zips.js'
import { openUniversity } from './university.js'

const zipType = { 'content-type': 'application/zip' }
const colours = ['green', 'red', 'teal']

const datasetPage = z.object({
  totalCount: z.number(),
  edges: z.array(z.object({ node: z.object({ id: z.string() }) })),
  pageInfo: z.object({ endCursor: z.string(), hasNextPage: z.boolean() }),
})

t.test('uploading a dataset', async t => {
  const university = await openUniversity(t, { LYCEUM_DATASET_MAX_MB: '2', LYCEUM_DATASET_QUOTA_MB: '2' })
  const { app, deps, databaseUrl, instructor, get, post, remove, ask } = university
  const { database, config } = deps
  const student = await createUser(university)
  const other = await createUser(university, { role: 'INSTRUCTOR' })
  const admin = await createUser(university, { role: 'ADMIN' })
  const zip = await makeZip(await makeClassFolders(colours, 20))
  const upload = (payload: Buffer, { headers }: TestUser = instructor, query = 'title=Colours') =>
    app.inject({
      method: 'POST',
      url: `/api/v1/datasets?${query}`,
      headers: { ...headers, ...zipType },
      payload,
    })
  const filesOf = (id: string) => join(config.storageDirectory, 'datasets', id)
  const datasetBecomes = async (id: string, state: string) => {
    for (;;) {
      const dataset = (await get(`/datasets/${id}`, instructor.headers)).json()
      if (dataset.state === state) return dataset
      if (dataset.state === 'REFUSED') throw new Error(dataset.reason)
      await sleep(50)
    }
  }
  const getRow = (id: string) => database.uploadedDataset.findUniqueOrThrow({ where: { id } })
  const spec = (dataset: string) => ({
    layers: [{ type: 'flatten' }, { type: 'dense', units: 3, activation: 'softmax' }],
    ...{ dataset, epochs: 1, batchSize: 8, learningRate: 0.01, engine: 'wasm' },
  })

  await t.test('is for instructors, who say what it is', async t => {
    t.equal((await app.inject({ method: 'POST', url: '/api/v1/datasets', headers: zipType })).statusCode, 401)
    t.match((await upload(zip, student)).json(), { status: 403, code: 'FORBIDDEN' })
    t.match((await upload(zip, instructor, 'size=16')).json(), { status: 400, code: 'INVALID_INPUT' })
    t.match((await upload(zip, instructor, 'title=Tall&size=999')).json(), { code: 'INVALID_INPUT' })
    t.match((await post('/datasets?title=No', instructor.headers, { no: 'zip' })).json(), {
      status: 415,
      accepted: ['application/zip', 'application/x-zip-compressed'],
    })
    t.match(
      (
        await app.inject({ method: 'POST', url: '/api/v1/datasets?title=No', headers: instructor.headers })
      ).json(),
      {
        code: 'INVALID_INPUT',
      },
    )
  })

  await t.test('is bounded, whatever its length is said to be, and what came of it is removed', async t => {
    const address = await app.listen({ port: 0, host: '127.0.0.1' })
    const large = Buffer.alloc(config.datasetMaxBytes + 1)
    t.match((await upload(large)).json(), { status: 413, code: 'BODY_TOO_LARGE', limit: 2 * 1024 * 1024 })
    const chunked = request(`${address}/api/v1/datasets?title=Chunked`, {
      method: 'POST',
      headers: { ...instructor.headers, ...zipType },
    })
    chunked.write(large.subarray(0, 1_500_000))
    chunked.end(large)
    const [answer] = await once(chunked, 'response')
    t.equal(answer.statusCode, 413)
    answer.resume()
    const broken = request(`${address}/api/v1/datasets?title=Broken`, {
      method: 'POST',
      headers: { ...instructor.headers, ...zipType, 'content-length': '1000' },
    })
    broken.on('error', () => {})
    broken.write('PK')
    while ((await database.uploadedDataset.count()) === 0) await sleep(20)
    broken.destroy()
    while ((await database.uploadedDataset.count()) > 0) await sleep(20)
    // The files go after the row.
    while (existsSync(filesOf('')) && readdirSync(filesOf('')).length > 0) await sleep(20)
  })

  await t.test('ends where the quota does', async t => {
    const rows = Array.from({ length: 20 }, () => ({ ownerId: other.userId, title: 'Another', bytes: 0 }))
    await database.uploadedDataset.createMany({ data: rows })
    t.match((await upload(zip, other)).json(), { status: 409, code: 'DATASET_TOO_MANY', most: 20 })
    await database.uploadedDataset.deleteMany({ where: { ownerId: other.userId } })
    const most = config.datasetQuota.bytes
    await database.uploadedDataset.create({
      data: { ownerId: other.userId, title: 'Large', bytes: most - zip.length + 1 },
    })
    t.match((await upload(zip, other)).json(), { status: 409, code: 'DATASET_QUOTA_FULL', quota: most })
    await database.uploadedDataset.deleteMany({ where: { ownerId: other.userId } })
  })

  const id: string = (await upload(zip)).json().id
  await t.test('waits for a worker, and cannot be trained on before', async t => {
    t.match((await get(`/datasets/${id}`, instructor.headers)).json(), {
      ...{
        id,
        state: 'PENDING',
        title: 'Colours',
        progress: 0,
        classes: [],
        inputShape: null,
        preview: null,
      },
      bytes: zip.length,
    })
    t.ok(existsSync(join(filesOf(id), 'upload')))
    const pending = (await post('/runs', instructor.headers, { spec: spec(id) })).json()
    t.match(pending, { code: 'RUN_SPEC_IMPOSSIBLE', problems: [{ path: 'spec.dataset' }] })
    t.match((await get(`/datasets/${id}/preview.png`, instructor.headers)).json(), {
      code: 'DATASET_PREVIEW_MISSING',
    })
    const foreign = (await post('/runs', other.headers, { spec: spec(id) })).json()
    const missing = (await post('/runs', other.headers, { spec: spec(student.userId) })).json()
    t.equal(foreign.detail, pending.detail)
    t.equal(missing.detail.replaceAll(student.userId, id), pending.detail)
  })

  await t.test('is given back when its worker was lost, and forgotten when it never came whole', async t => {
    t.match(await ledger.claimDataset(database, { datasetId: id, attempt: 1 }), { size: null })
    t.equal(await ledger.claimDataset(database, { datasetId: id, attempt: 1 }), undefined)
    await database.$executeRaw`UPDATE datasets SET "heartbeatAt" = now() - interval '11 seconds'`
    const cut = { ownerId: other.userId, title: 'Cut off', bytes: 1 }
    const { id: never } = await database.uploadedDataset.create({ data: cut })
    await deps.storage.put(`datasets/${never}/upload`, zip)
    await database.$executeRaw`
      UPDATE datasets SET "createdAt" = now() - interval '2 hours' WHERE id = ${never}::uuid`
    await vanishes(filesOf(never))
    t.equal(await database.uploadedDataset.count({ where: { id: never } }), 0)
    while ((await getRow(id)).attempt === 1) await sleep(50)
    t.match(await getRow(id), { state: 'PENDING', attempt: 2, failures: 1, heartbeatAt: null })
    t.equal(await ledger.beatDataset(database, { datasetId: id, attempt: 1 }, 0.5), false)
    t.equal(await ledger.refuseDataset(database, { datasetId: id, attempt: 1 }, 'Too late.'), false)
  })

  const worker = await startWorker(t, {
    DATABASE_URL: databaseUrl,
    LYCEUM_HOME: config.home,
    LYCEUM_ENGINE: 'wasm',
    LYCEUM_DATASET_QUOTA_MB: '2',
  })
  await t.test('gives classes, counts, shape and a preview', async t => {
    const classes = colours.map(name => ({ name, trainingImages: 16, testImages: 4 }))
    const ready = await datasetBecomes(id, 'READY')
    t.match(ready, {
      inputShape: [12, 12, 3],
      classNames: colours,
      classes,
      trainingImages: 48,
      testImages: 12,
    })
    t.match(ready, { progress: 1, bytes: 60 * (12 * 12 * 3 + 1), checksum: /^[0-9a-f]{64}$/ })
    const preview = await app.inject({ url: ready.preview, headers: instructor.headers })
    t.match(preview.headers, { 'content-type': 'image/png', 'cache-control': 'private, no-cache' })
    const held = { ...instructor.headers, 'if-none-match': preview.headers.etag }
    t.equal((await app.inject({ url: ready.preview, headers: held })).statusCode, 304)
    t.match(await sharp(preview.rawPayload).metadata(), { format: 'png', width: 502, height: 152 })
    await vanishes(join(filesOf(id), 'upload'))
  })

  await t.test('is listed for its owner after those that come with Lyceum', async t => {
    const known = builtIn.map(dataset => dataset.id).sort((a, b) => (a < b ? 1 : -1))
    const idsFor = async (user?: TestUser) =>
      (await get('/datasets', user?.headers)).json().items.map((item: { id: string }) => item.id)
    t.strictSame(await idsFor(instructor), [...known, id])
    for (const user of [undefined, student, other, admin]) t.strictSame(await idsFor(user), known)
    const query = `query ($after: String) { datasets(first: 1, after: $after) {
      totalCount pageInfo { endCursor hasNextPage } edges { node { id state preview classes { name testImages } } } } }`
    let after: string | null = null
    const seen: string[] = []
    for (let more = true; more; ) {
      const { totalCount, edges, pageInfo } = datasetPage.parse(
        (await ask(query, instructor.headers, { after })).data.datasets,
      )
      t.equal(totalCount, known.length + 1)
      seen.push(...edges.map(({ node }) => node.id))
      after = pageInfo.endCursor
      more = pageInfo.hasNextPage
    }
    t.strictSame(seen, [...known, id])
    const one = (user: TestUser) =>
      ask('query ($id: ID!) { dataset(id: $id) { state inputShape bytes } }', user.headers, { id })
    t.match(await one(instructor), { data: { dataset: { state: 'READY', inputShape: [12, 12, 3] } } })
    t.match(await one(admin), { data: { dataset: { state: 'READY' } } })
    t.match(await one(other), { data: { dataset: null } })
    for (const path of [`/datasets/${id}`, `/datasets/${id}/preview.png`, '/datasets/none']) {
      t.match((await get(path, other.headers)).json(), { status: 404, code: 'NOT_FOUND' })
    }
    t.match((await remove(`/datasets/${id}`, other.headers)).json(), { code: 'NOT_FOUND' })
    t.match((await remove(`/datasets/${id}`, student.headers)).json(), { code: 'FORBIDDEN' })
    t.match((await remove('/datasets/mnist', admin.headers)).json(), { code: 'NOT_FOUND' })
  })

  await t.test('trains a network that knows its classes', async t => {
    const summary = (await post('/networks/summary', instructor.headers, { spec: spec(id) })).json()
    t.match(summary, { inputShape: [12, 12, 3], outputShape: [3] })
    const problems = async (change: object) =>
      (await post('/runs', instructor.headers, { spec: { ...spec(id), ...change } })).json().problems
    const kernel = { type: 'conv2d', filters: 2, kernelSize: 13 }
    t.match(await problems({ layers: [kernel, ...spec(id).layers] }), [{ path: 'spec.layers' }])
    t.match(await problems({ batchSize: 128 }), [{ path: 'spec.batchSize' }])
    t.match(await problems({ classes: [0, 3] }), [{ message: /3 classes, 0 to 2/ }])

    const launched = (await post('/runs', instructor.headers, { spec: { ...spec(id), epochs: 8 } })).json()
    t.equal(launched.name, 'A network on Colours')
    const run = await runBecomes(database, launched.id, 'SUCCEEDED')
    t.match(run.result, { classNames: colours, testAccuracy: 1 })
    const image = { format: 'png', data: (await makeImage([10, 200, 10], 20)).toString('base64') }
    const { classes } = (await post(`/runs/${run.id}/predictions`, instructor.headers, { image })).json()
    const probabilities = classes.map((one: { probability: number }) => one.probability)
    t.strictSame(classes[probabilities.indexOf(Math.max(...probabilities))].name, 'red')

    const two = { ...spec(id), classes: [2, 0], from: { runId: run.id } }
    const tuned = (await post('/runs', instructor.headers, { spec: { ...two, layers: undefined } })).json()
    t.match((await runBecomes(database, tuned.id, 'SUCCEEDED')).result, { classNames: ['teal', 'green'] })
  })

  await t.test('tells the reason where it is refused', async t => {
    const bad = (await upload(await makeZip({ 'red/1.png': 'no image', 'blue/1.png': 'nor this' }))).json().id
    while ((await get(`/datasets/${bad}`, instructor.headers)).json().state !== 'REFUSED') await sleep(50)
    const row = (await get(`/datasets/${bad}`, instructor.headers)).json()
    t.match(row, { reason: /'blue' has only 1 image/, bytes: 0, preview: null })
    await vanishes(filesOf(bad))
    t.equal((await remove(`/datasets/${bad}`, instructor.headers)).statusCode, 204)
    const much = await makeZip(await makeClassFolders(colours, 12))
    const large = (await upload(much, instructor, 'title=Large&size=224')).json().id
    while ((await get(`/datasets/${large}`, instructor.headers)).json().state !== 'REFUSED') await sleep(50)
    t.match(
      (await get(`/datasets/${large}`, instructor.headers)).json().reason,
      /more than your quota has left/,
    )
    t.equal((await remove(`/datasets/${large}`, instructor.headers)).statusCode, 204)
  })

  await t.test('outlives the death of its decoder, and is refused after three', async t => {
    const killDecoders = async (dataset: string, attempts: number) => {
      for (let attempt = 1; attempt <= attempts; ) {
        const decoder = childrenOf(worker.pid).find(isDecoder)
        if (decoder === undefined) await sleep(5)
        else {
          process.kill(decoder, 'SIGKILL')
          while ((await getRow(dataset)).attempt === attempt) await sleep(20)
          attempt++
        }
      }
    }
    const survivor = (await upload(zip)).json().id
    await killDecoders(survivor, 1)
    await datasetBecomes(survivor, 'READY')
    t.match(await getRow(survivor), { attempt: 2, failures: 1 })
    t.equal((await remove(`/datasets/${survivor}`, instructor.headers)).statusCode, 204)
    const victim = (await upload(zip)).json().id
    await killDecoders(victim, 3)
    const row = (await get(`/datasets/${victim}`, instructor.headers)).json()
    t.match(row, { state: 'REFUSED', reason: /in 3 attempts: the decoder was ended by SIGKILL/ })
  })

  await t.test('is deleted when no run needs it, and the runs stay', async t => {
    const endless = { ...spec(id), epochs: 100, trainingImages: undefined, batchSize: 1 }
    const running = (await post('/runs', instructor.headers, { spec: endless })).json().id
    await hasHad(database, running, 'starting')
    const refused = (await remove(`/datasets/${id}`, instructor.headers)).json()
    t.match(refused, { status: 409, code: 'DATASET_IN_USE', runs: 1 })
    await post(`/runs/${running}/cancel`, instructor.headers)
    await runBecomes(database, running, 'CANCELLED')
    const gone = await ask('mutation ($id: ID!) { deleteDataset(id: $id) }', instructor.headers, { id })
    t.strictSame(gone.data, { deleteDataset: id })
    t.notOk(existsSync(filesOf(id)))
    const run = (await get(`/runs/${running}`, instructor.headers)).json()
    t.match(run, { status: 'CANCELLED', spec: { dataset: id } })
    t.match((await post('/runs', instructor.headers, { spec: spec(id) })).json(), {
      code: 'RUN_SPEC_IMPOSSIBLE',
    })
  })
})

/** Files go after the row that tells of it. */
async function vanishes(path: string): Promise<void> {
  while (existsSync(path)) await sleep(20)
}

function isDecoder(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('datasets/upload/main')
  } catch {
    return false
  }
}
