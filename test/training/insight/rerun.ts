import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { trainingQueues } from '../../../src/training/queue/queue-names.js'
import { startedEvent } from '../../support/started-event.js'
import type { Parts } from './parts.js'

const rerun = `mutation ($input: RerunInput!) { rerun(input: $input) {
  id rerunOfId labId spec { batchSize seed } provenance { parameters } } }`

export async function testRerun(t: Test, { deps, owner, instructor, stranger, student, ...parts }: Parts) {
  const { get, post, ask, launch, succeed } = parts
  const spec = { batchSize: 64, seed: 7 }
  const first = await launch(instructor, { labId: 'tea-lab', spec, name: 'The first' })
  await succeed(first)

  await t.test('has the same spec, seed, lab and revision, and remembers which it repeats', async t => {
    const before = (await get(`/runs/${first}`, instructor.headers)).json()
    const response = await post(`/runs/${first}/rerun`, instructor.headers)
    t.equal(response.statusCode, 201)
    const again = response.json()
    t.equal(response.headers.location, `/api/v1/runs/${again.id}`)
    t.strictSame(again.spec, before.spec)
    const { labId, courseId, lessonRevisionId, name } = before
    t.match(again, {
      labId,
      courseId,
      lessonRevisionId,
      name,
      status: 'QUEUED',
      rerunOfId: first,
      provenance: null,
    })
    // Another round may be enqueuing it.
    while (!(await deps.courier.queue(trainingQueues.CPU).holds(`${again.id}-1`))) await sleep(20)
  })

  await t.test('may have changes, which are checked as those of a launch', async t => {
    const change = (spec: object) => post(`/runs/${first}/rerun`, instructor.headers, { spec, name: 'Wider' })
    const changed = (await change({ batchSize: 32, optimizer: { name: 'sgd' } })).json()
    t.match(changed, { name: 'Wider', spec: { batchSize: 32, seed: 7, optimizer: { name: 'sgd' } } })
    t.match((await change({ batchSize: 0 })).json(), { code: 'INVALID_INPUT', detail: /spec.batchSize/ })
    t.match((await change({ trainingImages: 60_001 })).json(), { code: 'RUN_SPEC_IMPOSSIBLE' })
    const input = { runId: first, spec: { batchSize: 16 } }
    t.match(await ask(rerun, instructor.headers, { input }), {
      data: {
        rerun: { rerunOfId: first, labId: 'tea-lab', spec: { batchSize: 16, seed: 7 }, provenance: null },
      },
    })
    t.match(await ask(rerun, instructor.headers, { input: { runId: 'first' } }), {
      errors: [{ message: /input.runId: must be the id of a run/, extensions: { code: 'INVALID_INPUT' } }],
    })
  })

  await t.test('with the same key twice is one run, and a launch is another', async t => {
    const headers = { ...instructor.headers, 'idempotency-key': 'again' }
    const ids = await Promise.all(
      [1, 2].map(async () => (await post(`/runs/${first}/rerun`, headers)).json().id),
    )
    t.equal(new Set(ids).size, 1)
    const input = { labId: 'tea-lab', spec, name: 'The first' }
    t.match((await post('/runs', headers, input)).json(), { code: 'RUN_IDEMPOTENCY_KEY_REUSED' })
    t.match((await post(`/runs/${first}/rerun`, headers, { idempotencyKey: 'other' })).json(), {
      code: 'RUN_IDEMPOTENCY_KEYS_DIFFER',
    })
  })

  await t.test('is for who sees the run and may launch', async t => {
    t.equal((await post(`/runs/${first}/rerun`, owner.headers)).statusCode, 201, 'its course is the own')
    t.match((await post(`/runs/${first}/rerun`, stranger.headers)).json(), { status: 404 })
    t.match((await post(`/runs/${first}/rerun`, student.headers)).json(), { status: 404 })
  })

  await t.test('a run tells what it was computed with', async t => {
    const { provenance } = (await get(`/runs/${first}`, instructor.headers)).json()
    t.strictSame(provenance, {
      ...{ datasetChecksum: '0', engineVersion: '1', parameters: startedEvent.parameters },
      ...{ codeVersion: '0.1.0+1', nodeVersion: 'v20', tfjsVersion: '4', platform: 'linux-x64' },
    })
    const query = `{ trainingRun(id: "${first}") { rerunOfId provenance { codeVersion datasetChecksum } } }`
    t.match(await ask(query, instructor.headers), {
      data: {
        trainingRun: { rerunOfId: null, provenance: { codeVersion: '0.1.0+1', datasetChecksum: '0' } },
      },
    })
  })
}
