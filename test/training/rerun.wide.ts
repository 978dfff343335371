import t from 'tap'
import { mnistSpec, runBecomes, startWorker } from '../support/runs.js'
import { openUniversity } from './university.js'

t.setTimeout(300_000)

t.test('a run again, on wasm, ends with the same figures to the bit', async t => {
  const { deps, databaseUrl, instructor, launch, post } = await openUniversity(t)
  const { database, config } = deps
  await startWorker(t, { DATABASE_URL: databaseUrl, LYCEUM_HOME: config.home, LYCEUM_ENGINE: 'wasm' })
  const spec = { ...mnistSpec, trainingImages: 400, epochs: 2, batchSize: 20, augmentation: { shift: 0.1 } }
  const first = await launch(instructor, { spec: { ...spec, seed: 3 } })
  const ended = await runBecomes(database, first, 'SUCCEEDED')
  const again = (await post(`/runs/${first}/rerun`, instructor.headers)).json().id
  const other = (await post(`/runs/${first}/rerun`, instructor.headers, { spec: { seed: 4 } })).json().id
  const repeated = await runBecomes(database, again, 'SUCCEEDED')
  const differing = await runBecomes(database, other, 'SUCCEEDED')

  const curveOf = async (runId: string) => {
    const events = await database.runEvent.findMany({
      where: { runId, type: 'epoch' },
      orderBy: { number: 'asc' },
    })
    return events.map(({ payload }) => ({ ...Object(payload), seconds: 0, imagesPerSecond: 0 }))
  }
  const figuresOf = ({ result }: typeof ended) => ({ ...Object(result), seconds: 0, imagesPerSecond: 0 })
  t.match(figuresOf(ended), { testLoss: Number, confusionMatrix: [[Number]] })
  t.strictSame(figuresOf(repeated), figuresOf(ended))
  t.strictSame(await curveOf(again), await curveOf(first))
  t.not(differing.testLoss, ended.testLoss, 'the seed counts')
  t.strictSame(repeated.provenance, ended.provenance)
  t.match(ended.provenance, {
    ...{ datasetChecksum: /^[0-9a-f]{64}$/, engineVersion: /^tfjs-backend-wasm 4/, tfjsVersion: /^4/ },
    ...{ codeVersion: /^\d+\.\d+\.\d+\+[0-9a-f]{12}$/, nodeVersion: process.version },
    platform: `${process.platform}-${process.arch}`,
  })
})
