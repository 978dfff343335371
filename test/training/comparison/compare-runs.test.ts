import { randomUUID } from 'node:crypto'
import t from 'tap'
import type { RunEvent } from '../../../src/training/runs/run-events.js'
import { countStatements } from '../../support/count-statements.js'
import { startedEvent } from '../../support/started-event.js'
import { createUser } from '../../support/users.js'
import { openUniversity } from '../university.js'

t.test('comparing runs', async t => {
  const university = await openUniversity(t)
  const { deps, owner, instructor, post, ask } = university
  const { database } = deps
  const { headers } = instructor

  /** A run that has ended with this accuracy, after an epoch of two told steps. */
  const train = async (batchSize: number, testAccuracy: number, data: object = {}) => {
    const result = { testAccuracy, testLoss: 1 - testAccuracy, seconds: batchSize, classNames: ['no', 'yes'] }
    const { id } = await database.trainingRun.create({
      data: {
        ...{ name: `by ${batchSize}`, ownerId: instructor.userId, status: 'SUCCEEDED', lastEvent: 4 },
        spec: { architecture: 'lenet-5', dataset: 'mnist', batchSize },
        result: {
          ...result,
          confusionMatrix: [
            [batchSize, 0],
            [0, 1],
          ],
        },
        provenance: { parameters: 100 },
        ...data,
      },
    })
    const step = (number: number): RunEvent => ({
      ...{ type: 'step', epoch: 1, step: number, loss: 1 / number, accuracy: 0.5, imagesPerSecond: 1 },
    })
    const epoch: RunEvent = {
      ...{
        type: 'epoch',
        epoch: 1,
        step: batchSize,
        loss: 0.5,
        accuracy: 0.5,
        seconds: 1,
        imagesPerSecond: 1,
      },
      ...{ validationLoss: 0.25, validationAccuracy: testAccuracy },
    }
    const events: RunEvent[] = [startedEvent, step(1), step(batchSize), epoch]
    await database.runEvent.createMany({
      data: events.map((payload, place) => ({
        ...{ runId: id, number: place + 1, attempt: 1, type: payload.type, payload },
      })),
    })
    return id
  }
  const first = await train(32, 0.75)
  const second = await train(64, 0.875)
  const ofCourse = await train(16, 0.5, { ownerId: instructor.userId, labId: 'tea-lab', courseId: 'tea' })
  const waiting = await train(8, 0, { status: 'QUEUED', result: undefined })
  const compare = async (ids: string[], user = instructor, more: object = {}) =>
    (await post('/runs/compare', user.headers, { ids, ...more })).json()

  await t.test('shows them side by side, in the order of the ids, over both faces', async t => {
    const compared = await compare([second, first, waiting])
    t.match(compared.runs, [{ id: second, name: 'by 64' }, { id: first }, { id: waiting, status: 'QUEUED' }])
    const { runs: _, ...shown } = compared
    t.strictSame(shown, {
      specs: [{ path: 'batchSize', values: [64, 32, 8] }],
      figures: [
        [second, 0.875, 0.125, 0.875, 64],
        [first, 0.75, 0.25, 0.75, 32],
        [waiting, null, null, 0, null],
      ].map(([runId, testAccuracy, testLoss, bestValidationAccuracy, seconds]) => ({
        ...{ runId, testAccuracy, testLoss, bestValidationAccuracy, bestValidationLoss: 0.25 },
        ...{ epochs: 1, seconds, parameters: 100 },
      })),
      steps: [
        { step: 1, loss: [1, 1, 1], accuracy: [0.5, 0.5, 0.5] },
        { step: 8, loss: [1 / 64, 1 / 32, 1 / 8], accuracy: [0.5, 0.5, 0.5] },
        { step: 32, loss: [1 / 64, 1 / 32, null], accuracy: [0.5, 0.5, null] },
        { step: 64, loss: [1 / 64, null, null], accuracy: [0.5, null, null] },
      ],
      epochs: [
        {
          ...{ epoch: 1, loss: [0.5, 0.5, 0.5], accuracy: [0.5, 0.5, 0.5] },
          ...{ validationLoss: [0.25, 0.25, 0.25], validationAccuracy: [0.875, 0.75, 0] },
        },
      ],
      confusion: [
        {
          runId: first,
          classNames: ['no', 'yes'],
          matrix: [
            [-32, 0],
            [0, 0],
          ],
          reason: null,
        },
        { runId: waiting, classNames: null, matrix: null, reason: 'The run has no confusion matrix.' },
      ],
    })
    const query = `query ($ids: [ID!]!) { compareRuns(ids: $ids) {
      runs { id } specs { path values }
      figures {
        runId testAccuracy testLoss bestValidationAccuracy bestValidationLoss epochs seconds parameters
      }
      steps { step loss accuracy } epochs { epoch loss accuracy validationLoss validationAccuracy }
      confusion { runId classNames matrix reason }
    } }`
    const ids = [second, first, waiting]
    t.strictSame((await ask(query, headers, { ids })).data.compareRuns, {
      runs: ids.map(id => ({ id })),
      ...shown,
    })
  })

  await t.test('is for those who may see all of them, and names the one that they may not', async t => {
    const stranger = await createUser(university, { role: 'INSTRUCTOR' })
    const missing = randomUUID()
    for (const [ids, user, unseen] of [
      [[first, second], stranger, first],
      [[ofCourse, second], owner, second],
      [[first, missing, second], instructor, missing],
    ] as const) {
      t.match(await compare([...ids], user), {
        ...{ status: 404, code: 'NOT_FOUND', detail: `There is no such run ${unseen}.` },
      })
    }
    const admin = await createUser(university, { role: 'ADMIN' })
    t.match(await compare([first, ofCourse], admin), { runs: [{ id: first }, { id: ofCourse }] })
    t.match((await post('/runs/compare', {}, { ids: [first, second] })).json(), { code: 'UNAUTHENTICATED' })
    const query = `{ compareRuns(ids: ["${first}", "${missing}"]) { runs { id } } }`
    t.match(await ask(query, headers), {
      errors: [{ message: `There is no such run ${missing}.`, extensions: { code: 'NOT_FOUND' } }],
    })
  })

  await t.test('refuses one run, too many, one twice and what is no id', async t => {
    for (const [body, place] of [
      [{ ids: [first] }, /ids: must name at least 2 runs/],
      [{ ids: Array.from({ length: 9 }, () => randomUUID()) }, /ids: must name at most 8 runs/],
      [{ ids: [first, second, first.toUpperCase()] }, /ids.2: names the run .* a second time/],
      [{ ids: [first, 'last'] }, /ids.1: must be the id of a run/],
      [{ ids: [first, second], maxPoints: 10 }, /maxPoints/],
      [{}, /ids/],
    ] as const) {
      const response = await post('/runs/compare', headers, body)
      t.match(response.json(), { status: 400, code: 'INVALID_INPUT', detail: place })
    }
    t.match(await ask(`{ compareRuns(ids: ["${first}"]) { runs { id } } }`, headers), {
      errors: [{ message: /^ids: must name at least 2/, extensions: { code: 'INVALID_INPUT' } }],
    })
  })

  await t.test('costs the same statements, however many runs', async t => {
    const more: string[] = []
    for (let size = 101; size <= 106; size++) more.push(await train(size, 0.5))
    const counter = countStatements(t, /run_events/)
    const runs = countStatements(t, /training_runs/)
    for (const ids of [
      [first, second],
      [first, second, ...more],
    ]) {
      const before = counter.statements()
      t.equal((await compare(ids)).runs.length, ids.length)
      t.equal(counter.statements() - before, 1)
    }
    // The least of some: the reconciler of the same process reads runs every 2 s.
    const costs: number[] = []
    for (let i = 0; i < 5; i++) {
      const before = runs.statements()
      await compare([first, second, ...more])
      costs.push(runs.statements() - before)
    }
    t.equal(Math.min(...costs), 1)
  })
})
