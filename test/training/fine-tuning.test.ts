import { randomUUID } from 'node:crypto'
import t from 'tap'
import { dense, flatten } from '../../src/networks/layers.js'
import { layersModelWeights } from '../../src/networks/layers-model.js'
import { buildSequential } from '../../src/networks/network-builder.js'
import { countFrozenLayers, withClasses } from '../../src/networks/transfer.js'
import { architectures, resolveNetwork, trainingSpec } from '../../src/training/contract.js'
import * as ledger from '../../src/training/runs/run-ledger.js'
import { startedEvent } from '../support/started-event.js'
import { createUser } from '../support/users.js'
import { openUniversity, spec } from './university.js'

t.test('a network gets a head for other classes, and is the same otherwise', async t => {
  const network = buildSequential(
    'net',
    [4, 4, 1],
    [flatten(), dense(7), dense(10, { activation: 'softmax' })],
  )
  const smaller = withClasses(network, 3)
  t.strictSame(smaller.outputShape, [3])
  t.strictSame(smaller.layers.slice(0, 2), network.layers.slice(0, 2))
  t.match(smaller.layers[2], { name: 'dense_2', activation: 'softmax', parameters: 7 * 3 + 3 })
  t.equal(withClasses(network, 10), network)
  t.strictSame(
    ['dense_1', 'all-but-head'].map(freeze => countFrozenLayers(network, freeze)),
    [2, 2],
  )
  t.throws(
    () => countFrozenLayers(network, 'dense_9'),
    /no layer 'dense_9'; those with weights are dense_1, dense_2/,
  )
})

t.test('every architecture has a head that fine-tuning can find', async t => {
  for (const { id, inputShape } of architectures) {
    const images = { id: 'some', inputShape, classNames: ['no', 'yes'] }
    const from = { runId: randomUUID(), freeze: 'all-but-head' }
    const resolved = resolveNetwork(trainingSpec.parse({ architecture: id, dataset: 'mnist', from }), images)
    t.match(resolved, { network: { outputShape: [2] } }, id)
  }
})

t.test('launching a fine-tuning', async t => {
  const university = await openUniversity(t)
  const { deps, owner, instructor, post, launch, ask } = university
  const { database, storage } = deps
  /** A run with the model that a worker would have left. */
  const trained = async (user = instructor, input: object = { spec }) => {
    const runId = await launch(user, input)
    const row = await database.trainingRun.findUniqueOrThrow({ where: { id: runId } })
    const classNames = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']
    const resolved = resolveNetwork(trainingSpec.parse(row.spec), {
      id: 'mnist',
      inputShape: [28, 28, 1],
      classNames,
    })
    if (!('network' in resolved)) throw new Error('the spec has a network')
    const modelKey = `runs/${runId}/1`
    const model = {
      weightsManifest: [{ weights: layersModelWeights(resolved.network) }],
      userDefinedMetadata: { classNames },
    }
    await storage.put(`${modelKey}/model.json`, Buffer.from(JSON.stringify(model)))
    const key = { runId, attempt: 1 }
    await ledger.claimAttempt(database, { ...key, workerId: 'w' })
    await ledger.appendEvents(database, key, [startedEvent])
    await ledger.finishRun(database, key, { status: 'SUCCEEDED', result: { classNames }, modelKey })
    return runId
  }
  const runId = await trained()
  const few = { dataset: 'mnist', trainingImages: 200, validationSplit: 0 }
  const refusal = async (change: object, user = instructor) => {
    const response = await post('/runs', user.headers, { spec: { ...few, ...change } })
    t.strictSame([response.statusCode, response.json().code], [422, 'RUN_SPEC_IMPOSSIBLE'])
    t.equal(response.json().problems[0].path, 'spec.from')
    return response.json().detail
  }

  await t.test(
    'takes the network of the run, a new head for new classes, and keeps where it came from',
    async t => {
      const response = await post('/runs', instructor.headers, {
        spec: { ...few, classes: [5, 6, 7], from: { runId, freeze: 'all-but-head', unfreezeAtEpoch: 2 } },
      })
      t.equal(response.statusCode, 201, response.body)
      t.match(response.json().spec, {
        architecture: 'lenet-5',
        from: { runId, newHead: true, freeze: 'all-but-head', learningRates: { base: 1, head: 1 } },
      })
      const query =
        '{ myRuns(first: 1) { edges { node { spec { classes from { runId newHead learningRates { base } } } } } } }'
      const { data } = await ask(query, instructor.headers)
      t.match(data.myRuns.edges[0].node.spec, { classes: [5, 6, 7], from: { runId, newHead: true } })
      const same = await post('/runs', instructor.headers, { spec: { ...few, from: { runId } } })
      t.equal(same.json().spec.from.newHead, false, 'the head of the same classes is kept')
    },
  )
  await t.test('begins with the latest own run of a lab', async t => {
    const from = { labId: 'tea-lab' }
    t.match(await refusal({ from }), /No run of yours of the lab 'tea-lab' has succeeded/)
    const latest = await trained(instructor, { labId: 'tea-lab' })
    await launch(instructor, { labId: 'tea-lab' })
    const response = await post('/runs', instructor.headers, { spec: { ...few, from } })
    t.equal(response.json().spec?.from.runId, latest, response.body)
    t.notOk('labId' in response.json().spec.from)
    t.match(await refusal({ from }, owner), /No run of yours/)
  })
  await t.test('is a run from scratch where null takes back what the lab says', async t => {
    const response = await post('/runs', instructor.headers, { spec: { ...spec, from: null } })
    t.equal(response.statusCode, 201, response.body)
    t.notOk('from' in response.json().spec)
  })
  await t.test('says no to what it can not begin with, and why', async t => {
    t.match(await refusal({ from: { runId } }, owner), /There is no run .* that you may see/)
    t.match(await refusal({ from: { runId: randomUUID() } }), /There is no run .* that you may see/)
    const waiting = await launch()
    t.match(await refusal({ from: { runId: waiting } }), /it must have ended with one first, and is QUEUED/)
    t.match(
      await refusal({ from: { runId }, architecture: 'simple-cnn' }),
      /does not fit: it has no|does not fit: its/,
    )
    t.match(await refusal({ from: { runId, freeze: 'dense_99' } }), /There is no layer 'dense_99'/)
    t.match(await refusal({ from: { runId, unfreezeAtEpoch: 2 } }), /needs 'freeze'/)
    t.match(
      await refusal({ from: { runId, freeze: 'all-but-head', unfreezeAtEpoch: 4 } }),
      /after the last one, 3/,
    )
    t.match(await refusal({ from: { runId, newHead: false }, classes: [1, 2] }), /set 'newHead'/)
    const network = await post('/networks/summary', instructor.headers, { spec: { ...few, from: { runId } } })
    t.equal(network.json().parameters, 61_706, network.body)
  })
  await t.test('says no to a starting point that is none or two', async t => {
    for (const from of [
      {},
      { runId, labId: 'tea-lab' },
      { runId: 'x' },
      { runId, freeze: '' },
      { runId, a: 1 },
    ]) {
      const response = await post('/runs', instructor.headers, { spec: { ...few, from } })
      t.strictSame([response.statusCode, response.json().code], [400, 'INVALID_INPUT'])
    }
    const student = await createUser(university, { role: 'STUDENT' })
    const response = await post('/runs', student.headers, { spec: { ...few, from: { runId } } })
    t.equal(response.statusCode, 403)
  })
})
