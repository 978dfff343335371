import t from 'tap'
import { earlyStopping } from '../../../src/training/contract.js'
import { openEngine } from '../../../workers/engines/choose-engine.js'
import { EarlyStopping } from '../../../workers/trainer/early-stopping.js'
import { createState } from '../../../workers/trainer/training-state.js'
import { createTask, trainToEnd } from './small-task.js'

const engine = await openEngine('wasm')
const { tf } = engine

/** Judges one epoch after another, until it is due; gives what it says of each. */
function judgeAll(spec: object, values: { loss: number; accuracy: number }[]) {
  const stopping = new EarlyStopping(tf, earlyStopping.parse(spec))
  const verdicts: boolean[] = []
  for (const [index, value] of values.entries()) {
    if (stopping.isDue) break
    const weights = [tf.scalar(index + 1)]
    verdicts.push(stopping.judge(index + 1, value, weights))
    tf.dispose(weights)
  }
  return { stopping, verdicts }
}

const losses = (...values: number[]) => values.map(loss => ({ loss, accuracy: 0 }))
const accuracies = (...values: number[]) => values.map(accuracy => ({ loss: 0, accuracy }))

t.test('the lowest loss is the best, and its weights are kept', async t => {
  const before = tf.memory().numTensors
  const { stopping, verdicts } = judgeAll({ patience: 2 }, losses(0.9, 0.7, 0.8, 0.6, 0.6, 0.65, 0.1))
  t.strictSame(verdicts, [true, true, false, true, false, false], 'an equal one is no better')
  t.match(stopping.best, { epoch: 4, value: 0.6 })
  t.strictSame([...((await stopping.best?.weights[0]?.data()) ?? [])], [4])
  stopping.dispose()
  t.equal(tf.memory().numTensors, before)
})

t.test('better means by more than the least difference', async t => {
  const { stopping, verdicts } = judgeAll(
    { monitor: 'validationAccuracy', patience: 2, minDelta: 0.1 },
    accuracies(0.5, 0.55, 0.625, 0.7, 0.7),
  )
  t.strictSame(verdicts, [true, false, true, false, false])
  t.match(stopping.best, { epoch: 3, value: 0.625 })
  stopping.dispose()
})

t.test('a run ends when it no longer gets better, with the weights of its best epoch', async t => {
  const run = (fields: Parameters<typeof createTask>[0]) => {
    const task = createTask({ schedule: { name: 'constant' }, ...fields })
    return trainToEnd(engine, task, createState(tf, task))
  }
  // No accuracy can be better by 1 than the first epoch's.
  const earlyStopping = { monitor: 'validationAccuracy', patience: 2, minDelta: 1 } as const
  const stopped = await run({ epochs: 50, earlyStopping })
  t.match(stopped, { endedBy: 'earlyStopping', keptEpoch: 1 })
  t.strictSame(
    stopped.epochs.map(({ best }) => best),
    [true, false, false],
  )
  const single = await run({ epochs: 1, earlyStopping: null })
  t.match(single, { endedBy: 'epochs', keptEpoch: 1 })
  t.notOk('best' in (single.epochs[0] ?? {}), 'without early stopping none is the best')
  t.equal(stopped.weights, single.weights, 'the same bits as a run of one epoch')
})

t.test('a run that comes to its last epoch keeps the best one too', async t => {
  const task = createTask({ earlyStopping: { patience: 5 }, epochs: 4, learningRate: 0.2 })
  const { epochs, ...end } = await trainToEnd(engine, task, createState(tf, task))
  const losses = epochs.map(({ validationLoss }) => Number(validationLoss))
  t.match(end, { endedBy: 'epochs', keptEpoch: losses.indexOf(Math.min(...losses)) + 1 })
  t.equal(end.weights, epochs[end.keptEpoch - 1]?.weights)
})
