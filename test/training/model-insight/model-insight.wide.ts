import sharp from 'sharp'
import t from 'tap'
import { startTestApp } from '../../support/app.js'
import { mnistDigit } from '../../support/mnist-digits.js'
import { runBecomes, startWorker } from '../../support/runs.js'
import { createUser } from '../../support/users.js'

t.setTimeout(300_000)

t.test('the insight into a run that a worker has trained', async t => {
  const testApp = await startTestApp(t)
  const { app, deps, databaseUrl } = testApp
  const { headers } = await createUser(testApp, { role: 'INSTRUCTOR' })
  const env = { DATABASE_URL: databaseUrl, LYCEUM_HOME: deps.config.home, LYCEUM_ENGINE: 'wasm' }
  await startWorker(t, env)

  const get = (url: string) => app.inject({ url: `/api/v1${url}`, headers })
  const post = (url: string, payload: object | Buffer, type = 'application/json') =>
    app.inject({
      ...{ method: 'POST', url: `/api/v1${url}`, payload },
      headers: { ...headers, 'content-type': type },
    })
  const ask = async (query: string, variables: object = {}) =>
    (await app.inject({ method: 'POST', url: '/graphql', headers, payload: { query, variables } })).json()

  const spec = {
    architecture: 'simple-cnn',
    dataset: 'mnist',
    epochs: 1,
    trainingImages: 1_000,
    engine: 'wasm',
  }
  const { id } = (await post('/runs', { spec })).json()
  const { result } = await runBecomes(deps.database, id, 'SUCCEEDED')

  await t.test('counts what the matrix counts', async t => {
    const { confusionMatrix, testAccuracy } = JSON.parse(JSON.stringify(result))
    const report = (await get(`/runs/${id}/classification-report`)).json()
    t.equal(report.accuracy, testAccuracy)
    const query = `query ($id: ID!, $is: Int!, $was: Int!) {
      trainingRun(id: $id) { testImages(trueClass: $is, predictedClass: $was) { totalCount } }
    }`
    for (const [is, was] of [
      [0, 0],
      [4, 9],
      [9, 4],
    ] as const) {
      const { data } = await ask(query, { id, is, was })
      t.equal(data.trainingRun.testImages.totalCount, confusionMatrix[is][was])
    }
  })

  await t.test('shows the images of a cell, of which the model says what it said', async t => {
    const { items } = (await get(`/runs/${id}/test-images?trueClass=7&first=1`)).json()
    const [{ index, imageUrl, classes, label }] = items
    const digit = mnistDigit(index)
    t.equal(digit.label, label)
    const image = await app.inject({ url: imageUrl, headers })
    const grey = await sharp(image.rawPayload).toColourspace('b-w').raw().toBuffer()
    t.strictSame([...grey], digit.pixels.flat())
    const sent = await post(`/runs/${id}/predictions`, image.rawPayload, 'image/png')
    const best = sent
      .json()
      .classes.toSorted(
        (a: { probability: number }, b: { probability: number }) => b.probability - a.probability,
      )
    t.equal(best[0].name, classes[0].name)
    t.ok(Math.abs(best[0].probability - classes[0].probability) < 1e-4)
  })

  await t.test('has samples with pictures, the surest of all among them', async t => {
    const samples = (await get(`/runs/${id}/sample-predictions`)).json()
    const { items } = (await get(`/runs/${id}/test-images?first=1`)).json()
    const kinds = Object.values<{ imageUrl: string; label: number; predictedLabel: number }[]>(samples)
    t.strictSame(
      kinds.map(images => images.filter(({ imageUrl }) => imageUrl !== null).length),
      [5, 5, 5],
    )
    t.ok([samples.surestRight[0].index, samples.surestWrong[0].index].includes(items[0].index))
    for (const { label, predictedLabel } of samples.surestWrong) t.not(label, predictedLabel)
  })

  await t.test(
    'recognises several images at once, the same over both faces, and names the one it cannot',
    async t => {
      const image = (index: number) => ({ format: 'pixels', pixels: mnistDigit(index).pixels })
      const images = [image(0), { format: 'pixels', pixels: [[0]] }, image(1)]
      const { items } = (await post(`/runs/${id}/predictions/batch`, { images })).json()
      t.match(items, [
        { index: 0, problem: null },
        { index: 1, classes: null, problem: /28 rows of 28 numbers/ },
        { index: 2, problem: null },
      ])
      for (const place of [0, 1]) {
        const { classes } = (await post(`/runs/${id}/predictions`, { image: image(place) })).json()
        for (const [i, { name, probability }] of classes.entries()) {
          t.equal(items[2 * place].classes[i].name, name)
          t.ok(Math.abs(items[2 * place].classes[i].probability - probability) < 1e-6)
        }
      }
      const mutation = `mutation ($id: ID!, $images: [PredictionImageInput!]!) {
      predictBatch(runId: $id, images: $images) { index classes { name probability } problem }
    }`
      t.strictSame((await ask(mutation, { id, images })).data.predictBatch, items)
    },
  )

  await t.test('draws filters and feature maps, the same of a test image and of its pixels', async t => {
    const filters = await get(`/runs/${id}/filters`)
    t.match(filters.headers, { 'content-type': 'image/png', 'cache-control': /^private/ })
    // 32 kernels of 3x3, each enlarged 21 times, in a square of 6 by 6.
    t.match(await sharp(filters.rawPayload).metadata(), { width: 1 + 6 * 64, height: 1 + 6 * 64 })

    const held = { ...headers, 'if-none-match': filters.headers.etag }
    t.equal((await app.inject({ url: `/api/v1/runs/${id}/filters`, headers: held })).statusCode, 304)

    const ofTest = await get(`/runs/${id}/feature-maps?testImage=0`)
    const { pixels } = mnistDigit(0)
    const image = { format: 'pixels', pixels }
    const ofPixels = await post(`/runs/${id}/feature-maps`, { image })
    t.equal(ofTest.statusCode, 200)
    t.strictSame(ofTest.rawPayload, ofPixels.rawPayload)
    const mutation = `mutation ($id: ID!, $image: PredictionImageInput!) {
      drawFeatureMaps(runId: $id, image: $image) { layer channels png }
    }`
    const { data } = await ask(mutation, { id, image })
    t.match(data.drawFeatureMaps, { channels: 32 })
    t.strictSame(Buffer.from(data.drawFeatureMaps.png, 'base64'), ofTest.rawPayload)

    const { items } = (await get(`/runs/${id}/layers`)).json()
    for (const { name } of items)
      t.equal((await get(`/runs/${id}/feature-maps?testImage=1&layer=${name}`)).statusCode, 200, name)

    t.match((await get(`/runs/${id}/feature-maps?testImage=10000`)).json(), { code: 'NOT_FOUND' })
    const noImage = await post(`/runs/${id}/feature-maps`, Buffer.from('hello'), 'image/png')
    t.match(noImage.json(), { status: 422, code: 'PREDICTION_FAILED' })
    const tooLarge = await post(`/runs/${id}/feature-maps`, Buffer.alloc(6 * 1024 * 1024 + 1), 'image/jpeg')
    t.match(tooLarge.json(), { status: 413, code: 'BODY_TOO_LARGE' })
  })

  await t.test('is gone with the run', async t => {
    t.equal((await app.inject({ method: 'DELETE', url: `/api/v1/runs/${id}`, headers })).statusCode, 204)
    for (const page of ['test-images', 'filters', 'feature-maps?testImage=0', 'test-images/0/image.png'])
      t.match((await get(`/runs/${id}/${page}`)).json(), { status: 404, code: 'NOT_FOUND' })
    t.equal(await deps.storage.open(`runs/${id}/1/test-images.bin`), undefined)
  })
})
