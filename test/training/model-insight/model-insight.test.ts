import t from 'tap'
import * as ledger from '../../../src/training/runs/run-ledger.js'
import { startedEvent } from '../../support/started-event.js'
import { createUser } from '../../support/users.js'
import { openUniversity } from '../university.js'

t.test('the insight into a run', async t => {
  const university = await openUniversity(t)
  const { deps, owner, instructor, get, ask, launch, begin } = university
  const { headers } = instructor

  /** A run of a lab that has ended with these counts. */
  const trained = async (confusionMatrix: number[][]) => {
    const id = await launch(instructor, { labId: 'tea-lab' })
    const key = await begin(id)
    const result = { classNames: ['green', 'black'], confusionMatrix, testAccuracy: 0.75, testLoss: 1 }
    await ledger.appendEvents(deps.database, key, [startedEvent])
    await ledger.finishRun(deps.database, key, { status: 'SUCCEEDED', result, modelKey: `runs/${id}/1` })
    return id
  }
  const finished = await trained([
    [3, 0],
    [1, 0],
  ])
  const waiting = await launch()

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

  await t.test('is for those who may see the run', async t => {
    const url = `/runs/${finished}/classification-report`
    const stranger = await createUser(university, { role: 'INSTRUCTOR' })
    const missing = (await get(`/runs/${crypto.randomUUID()}/classification-report`, headers)).json()
    const { requestId: _, ...refused } = (await get(url, stranger.headers)).json()
    t.match(missing, refused)
    t.match(refused, { status: 404, code: 'NOT_FOUND' })
    t.equal((await get(url, owner.headers)).statusCode, 200, 'the owner of the course')
    t.match((await get(url)).json(), { code: 'UNAUTHENTICATED' })
  })
})
