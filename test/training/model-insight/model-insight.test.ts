import { randomUUID } from 'node:crypto'
import sharp from 'sharp'
import t from 'tap'
import { conv2d, dense, flatten, maxPool2d } from '../../../src/networks/layers.js'
import { layersModelDocument } from '../../../src/networks/layers-model.js'
import type { ImageShape, LayerSpec } from '../../../src/networks/network.js'
import { buildSequential } from '../../../src/networks/network-builder.js'
import {
  encodeTestPredictions,
  type TestPredictions,
  testImagesFile,
  testPredictionsFile,
} from '../../../src/training/contract.js'
import * as ledger from '../../../src/training/runs/run-ledger.js'
import { startedEvent } from '../../support/started-event.js'
import { createUser, type TestUser } from '../../support/users.js'
import { openUniversity } from '../university.js'

t.test('the insight into a run', async t => {
  const university = await openUniversity(t)
  const { deps, owner, instructor, get, post, ask, remove, launch, begin } = university
  const { headers } = instructor

  /** A run of a lab that has ended with these counts, and has kept what it said of each image. */
  const trained = async (confusionMatrix: number[][], test?: TestPredictions) => {
    const id = await launch(instructor, { labId: 'tea-lab' })
    const key = await begin(id)
    const result = { classNames: ['green', 'black'], confusionMatrix, testAccuracy: 0.75, testLoss: 1 }
    if (test) {
      await deps.storage.put(`runs/${id}/1/${testPredictionsFile}`, encodeTestPredictions(test))
      await deps.storage.put(`runs/${id}/1/${testImagesFile}`, images)
    }
    await ledger.appendEvents(deps.database, key, [startedEvent])
    await ledger.finishRun(deps.database, key, { status: 'SUCCEEDED', result, modelKey: `runs/${id}/1` })
    return id
  }
  const finished = await trained([
    [3, 0],
    [1, 0],
  ])
  const waiting = await launch()
  const images = Uint8Array.from({ length: 3 * 6 }, (_, place) => 10 * place)
  const told = await trained(
    [
      [3, 0],
      [1, 0],
    ],
    {
      imageShape: [2, 3, 1],
      top: 2,
      labels: Uint8Array.of(0, 1, 0, 0),
      topClasses: Uint8Array.of(0, 1, 0, 1, 0, 1, 0, 1),
      topProbabilities: Float32Array.of(0.5, 0.5, 0.75, 0.25, 1, 0, 0.5, 0.5),
      places: Int32Array.of(0, 1, -1, 2),
    },
  )

  await t.test('has precision, recall and F1 of each class, the same over both faces', async t => {
    const answer = await get(`/runs/${finished}/classification-report`, headers)
    t.equal(answer.statusCode, 200)
    t.match(answer.json(), {
      accuracy: 0.75,
      classes: [
        { name: 'green', precision: 0.75, recall: 1, f1: 6 / 7, support: 3 },
        { name: 'black', precision: 0, recall: 0, f1: 0, support: 1 },
      ],
      macroAverage: { precision: 0.375, recall: 0.5, f1: 3 / 7, support: 4 },
      weightedAverage: { precision: 0.5625, recall: 0.75, support: 4 },
    })
    const scores = 'precision recall f1 support'
    const query = `{ trainingRun(id: "${finished}") { classificationReport {
      accuracy classes { name ${scores} } macroAverage { ${scores} } weightedAverage { ${scores} }
    } } }`
    t.strictSame((await ask(query, headers)).data.trainingRun.classificationReport, answer.json())
  })

  await t.test('is nothing before the run has a result', async t => {
    t.match((await get(`/runs/${waiting}/classification-report`, headers)).json(), {
      status: 409,
      code: 'RUN_RESULT_MISSING',
    })
    const query = `{ trainingRun(id: "${waiting}") { classificationReport { accuracy } } }`
    t.strictSame((await ask(query, headers)).data, { trainingRun: { classificationReport: null } })
  })

  await t.test('has the images behind a cell, page by page, the surest first, over both faces', async t => {
    const cell = `/runs/${told}/test-images?trueClass=0&predictedClass=0`
    const first = (await get(`${cell}&first=2`, headers)).json()
    const common = { label: 0, className: 'green', predictedLabel: 0, predictedClassName: 'green' }
    const urlOf = (index: number) => `/api/v1/runs/${told}/test-images/${index}/image.png`
    const even = [
      { name: 'green', probability: 0.5 },
      { name: 'black', probability: 0.5 },
    ]
    const sure = [
      { name: 'green', probability: 1 },
      { name: 'black', probability: 0 },
    ]
    t.strictSame(first.items, [
      { index: 2, ...common, probability: 1, classes: sure, imageUrl: null },
      { index: 0, ...common, probability: 0.5, classes: even, imageUrl: urlOf(0) },
    ])
    t.match(first.pageInfo, { hasNextPage: true })
    const second = (await get(`${cell}&first=2&after=${first.pageInfo.endCursor}`, headers)).json()
    t.match(second, { items: [{ index: 3, imageUrl: urlOf(3) }], pageInfo: { hasNextPage: false } })

    const query = `query ($after: String) { trainingRun(id: "${told}") {
      testImages(trueClass: 0, predictedClass: 0, first: 2, after: $after) {
        totalCount edges { node {
          index label className predictedLabel predictedClassName probability
          classes { name probability } imageUrl
        } }
      }
    } }`
    const seen = (await ask(query, headers, { after: null })).data.trainingRun.testImages
    t.equal(seen.totalCount, 3)
    t.strictSame(
      seen.edges.map(({ node }: { node: object }) => node),
      first.items,
    )
    const after = (await ask(query, headers, { after: first.pageInfo.endCursor })).data.trainingRun
    t.match(after.testImages.edges, [{ node: { index: 3 } }])
  })

  await t.test('has those of a row, of a column, and all', async t => {
    const indices = async (query: string) =>
      (await get(`/runs/${told}/test-images${query}`, headers))
        .json()
        .items.map(({ index }: { index: number }) => index)
    t.strictSame(await indices('?trueClass=1'), [1])
    t.strictSame(await indices('?predictedClass=0'), [2, 1, 0, 3])
    t.strictSame(await indices('?predictedClass=1'), [])
    t.strictSame(await indices(''), [2, 1, 0, 3])
  })

  await t.test(
    'has samples of what it is good at, is misled by and cannot decide, over both faces',
    async t => {
      const samples = (await get(`/runs/${told}/sample-predictions?count=2`, headers)).json()
      const all = (await get(`/runs/${told}/test-images`, headers)).json().items
      const shown = (...indices: number[]) =>
        indices.map(index => all.find((image: { index: number }) => image.index === index))
      t.strictSame(samples, {
        surestRight: shown(2, 0),
        surestWrong: shown(1),
        leastCertain: shown(3, 0),
      })
      const image =
        'index label className predictedLabel predictedClassName probability classes { name probability } imageUrl'
      const query = `query ($count: Int = 5) { trainingRun(id: "${told}") { samplePredictions(count: $count) {
      surestRight { ${image} } surestWrong { ${image} } leastCertain { ${image} } } } }`
      const seen = (await ask(query, headers, { count: 2 })).data.trainingRun.samplePredictions
      t.strictSame(seen, samples)
      const { surestRight } = (await ask(query, headers)).data.trainingRun.samplePredictions
      t.equal(surestRight.length, 3, 'all that there are')
      for (const count of [0, 11, 1.5])
        t.match((await get(`/runs/${told}/sample-predictions?count=${count}`, headers)).json(), {
          ...{ status: 400, code: 'INVALID_INPUT' },
        })
      t.match(await ask(query, headers, { count: 11 }), {
        errors: [{ message: /^count/, extensions: { code: 'INVALID_INPUT' } }],
      })
    },
  )

  await t.test('refuses classes that there are not', async t => {
    for (const query of ['trueClass=2', 'predictedClass=-1', 'trueClass=0.5', 'trueClass=x', 'first=101']) {
      const answer = (await get(`/runs/${told}/test-images?${query}`, headers)).json()
      t.match(answer, { status: 400, code: 'INVALID_INPUT' }, query)
    }
    const query = `{ trainingRun(id: "${told}") { testImages(predictedClass: 2) { totalCount } } }`
    t.match(await ask(query, headers), { errors: [{ extensions: { code: 'INVALID_INPUT' } }] })
  })

  let pictureHeld: unknown
  await t.test('shows a test image as it was, to be kept and yet asked for each time', async t => {
    const answer = await get(`/runs/${told}/test-images/1/image.png`, headers)
    t.match(answer.headers, {
      'content-type': 'image/png',
      'cache-control': 'private, no-cache',
      etag: /^"[\w-]{43}"$/,
    })
    const { data, info } = await sharp(answer.rawPayload).raw().toBuffer({ resolveWithObject: true })
    t.match(info, { width: 3, height: 2 })
    const grey = [...data].filter((_, place) => place % info.channels === 0)
    t.strictSame(grey, [...images.subarray(6, 12)])

    const url = `/runs/${told}/test-images/1/image.png`
    const again = (user: TestUser, tag: unknown) =>
      get(url, { ...user.headers, 'if-none-match': `"other", W/${tag}` })
    const held = await again(instructor, answer.headers.etag)
    t.match([held.statusCode, held.body, held.headers.etag], [304, '', answer.headers.etag])
    t.equal((await again(instructor, '"another"')).statusCode, 200, 'another picture is held')
    const stranger = await createUser(university, { role: 'INSTRUCTOR' })
    t.equal((await again(stranger, answer.headers.etag)).statusCode, 404, 'the tag is no permission')
    pictureHeld = answer.headers.etag

    const codeOf = async (place: string) =>
      (await get(`/runs/${told}/test-images/${place}/image.png`, headers)).json()
    t.match(await codeOf('2'), { status: 409, code: 'RUN_TEST_IMAGE_NOT_KEPT' })
    t.match(await codeOf('4'), { status: 404, code: 'NOT_FOUND' })
    t.match(await codeOf('-1'), { status: 400, code: 'INVALID_INPUT' })
  })

  await t.test('says of a run that has kept nothing that it has not', async t => {
    const code = 'RUN_TEST_PREDICTIONS_MISSING'
    t.match((await get(`/runs/${finished}/test-images`, headers)).json(), { status: 409, code })
    t.match((await get(`/runs/${finished}/test-images/0/image.png`, headers)).json(), { code })
    t.match((await get(`/runs/${waiting}/test-images`, headers)).json(), { code: 'RUN_RESULT_MISSING' })
    t.match((await get(`/runs/${finished}/sample-predictions`, headers)).json(), { status: 409, code })
    t.match((await get(`/runs/${waiting}/sample-predictions`, headers)).json(), {
      code: 'RUN_RESULT_MISSING',
    })
    const query = (id: string) => `{ trainingRun(id: "${id}") {
      testImages { totalCount } samplePredictions { surestRight { index } } } }`
    for (const id of [finished, waiting])
      t.strictSame((await ask(query(id), headers)).data.trainingRun, {
        testImages: null,
        samplePredictions: null,
      })
  })

  /** A run whose model is of these layers: what is asked of it here is answered without a worker. */
  const modelled = async (shape: ImageShape, layers: LayerSpec[]) => {
    const id = await trained([[1]])
    const document = layersModelDocument(buildSequential('net', shape, layers), {})
    await deps.storage.put(`runs/${id}/1/model.json`, Buffer.from(JSON.stringify(document)))
    return id
  }

  await t.test('has the layers that an image can be seen in, the same over both faces', async t => {
    const id = await modelled([8, 8, 1], [conv2d(4, 3), maxPool2d(2), flatten(), dense(2)])
    const { items } = (await get(`/runs/${id}/layers`, headers)).json()
    t.match(items, [
      { name: /^conv2d/, type: 'conv2d', outputShape: [6, 6, 4], drawable: true },
      { name: /^max/, type: 'maxPool2d', outputShape: [3, 3, 4], drawable: true },
    ])
    t.equal(items.length, 2)
    const query = `{ trainingRun(id: "${id}") {
      imageLayers { name type outputShape drawable } filtersUrl featureMapsUrl(testImage: 3, layer: "a b")
    } }`
    t.strictSame((await ask(query, headers)).data.trainingRun, {
      imageLayers: items,
      filtersUrl: `/api/v1/runs/${id}/filters`,
      featureMapsUrl: `/api/v1/runs/${id}/feature-maps?testImage=3&layer=a+b`,
    })
    t.match((await get(`/runs/${id}/feature-maps?testImage=0&layer=oracle`, headers)).json(), {
      ...{ status: 422, code: 'RUN_LAYER_UNKNOWN', layers: [/conv2d/, /ool/] },
      detail: /no layer 'oracle' .* take one of 'conv2d/,
    })
    t.match((await get(`/runs/${id}/feature-maps?testImage=0&layer=dense_1`, headers)).json(), {
      code: 'RUN_LAYER_UNKNOWN',
    })
    t.match((await get(`/runs/${id}/feature-maps?testImage=0`, headers)).json(), {
      code: 'RUN_TEST_PREDICTIONS_MISSING',
    })
    for (const query of ['', '?testImage=-1', '?testImage=x'])
      t.match((await get(`/runs/${id}/feature-maps${query}`, headers)).json(), { code: 'INVALID_INPUT' })
    const image = { format: 'pixels', pixels: [[256]] }
    t.match((await post(`/runs/${id}/feature-maps`, headers, { image })).json(), { code: 'INVALID_INPUT' })
    const bytes = { format: 'bytes', data: '' }
    t.match((await post(`/runs/${id}/feature-maps`, headers, { image: bytes })).json(), {
      code: 'INVALID_INPUT',
    })
  })

  await t.test('says why there is nothing to draw', async t => {
    const image = { format: 'pixels', pixels: [[0]] }
    const draw = async (id: string, query = '') =>
      (await post(`/runs/${id}/feature-maps${query}`, headers, { image })).json()
    const filters = async (id: string) => (await get(`/runs/${id}/filters`, headers)).json()

    const without = await modelled([8, 8, 1], [flatten(), dense(2)])
    t.match(await filters(without), { status: 409, code: 'RUN_CONVOLUTION_MISSING' })
    t.match(await draw(without), { code: 'RUN_CONVOLUTION_MISSING' })
    t.match(await draw(without, '?layer=flatten_1'), { detail: /no layer whose output is an image/ })

    const large = await modelled([200, 200, 1], [conv2d(200, 3), flatten(), dense(2)])
    t.match(await draw(large), { status: 422, code: 'RUN_DRAWING_TOO_LARGE', detail: /The 200 channels/ })

    t.match(await filters(waiting), { status: 409, code: 'RUN_MODEL_MISSING' })
    t.match(await draw(waiting), { code: 'RUN_MODEL_MISSING' })
    t.match((await get(`/runs/${waiting}/layers`, headers)).json(), { code: 'RUN_MODEL_MISSING' })
    const query = `{ trainingRun(id: "${waiting}") { imageLayers { name } filtersUrl featureMapsUrl(testImage: 0) } }`
    t.strictSame((await ask(query, headers)).data, {
      trainingRun: { imageLayers: [], filtersUrl: null, featureMapsUrl: null },
    })
  })

  await t.test('is for those who may see the run', async t => {
    const stranger = await createUser(university, { role: 'INSTRUCTOR' })
    const hidden = ['layers', 'filters', 'feature-maps?testImage=0']
    for (const page of hidden) {
      const theirs = (await get(`/runs/${told}/${page}`, stranger.headers)).json()
      t.match(theirs, { status: 404, code: 'NOT_FOUND' }, page)
    }
    const image = { format: 'pixels', pixels: [[0]] }
    t.match((await post(`/runs/${told}/feature-maps`, stranger.headers, { image })).json(), {
      code: 'NOT_FOUND',
    })
    const drawing = `mutation { drawFeatureMaps(runId: "${told}", image: {format: "pixels", pixels: [[0]]}) { png } }`
    t.match(await ask(drawing, stranger.headers), { errors: [{ extensions: { code: 'NOT_FOUND' } }] })
    const pages = ['classification-report', 'sample-predictions', 'test-images', 'test-images/1/image.png']
    for (const page of pages) {
      const url = `/runs/${told}/${page}`
      const { requestId: _, ...refused } = (await get(url, stranger.headers)).json()
      t.match(refused, { status: 404, code: 'NOT_FOUND' }, page)
      t.match((await get(`/runs/${randomUUID()}/${page}`, headers)).json(), refused, 'as one that is missing')
      t.equal((await get(url, owner.headers)).statusCode, 200, 'the owner of the course')
      t.match((await get(url)).json(), { code: 'UNAUTHENTICATED' })
    }
  })

  await t.test('loses the images with their dataset, and all with the run', async t => {
    const { storage } = deps
    const owned = { ownerId: instructor.userId, title: 'Tea', state: 'READY' as const, bytes: 1 }
    const { id: datasetId } = await deps.database.uploadedDataset.create({ data: owned })
    await deps.database.trainingRun.update({ where: { id: told }, data: { datasetId } })
    t.equal((await remove(`/datasets/${datasetId}`, headers)).statusCode, 204)
    t.match((await get(`/runs/${told}/test-images/1/image.png`, headers)).json(), {
      code: 'RUN_TEST_IMAGE_NOT_KEPT',
    })
    const { items } = (await get(`/runs/${told}/test-images`, headers)).json()
    t.strictSame([items.length, items[1].imageUrl], [4, null])

    const key = `runs/${told}/1/${testPredictionsFile}`
    t.ok(await storage.holds(key))
    t.equal((await remove(`/runs/${told}`, headers)).statusCode, 204)
    t.notOk(await storage.holds(key))
    const asked = { ...headers, 'if-none-match': String(pictureHeld) }
    t.equal((await get(`/runs/${told}/test-images/1/image.png`, asked)).statusCode, 404)
  })
})
