import t from 'tap'
import { PredictionPool } from '../../workers/prediction-pool.js'
import { openTestDependencies } from '../support/app.js'
import { standInTrainer } from '../support/runs.js'

t.test('The prediction pool', async t => {
  const { deps } = await openTestDependencies(t)
  const { storage } = deps
  const image = { format: 'pixels' as const, pixels: [[0]], invert: false }
  const question = { kind: 'predict' as const, images: [image] }
  for (const model of ['a', 'b']) {
    for (const file of ['model.json', 'weights.bin'])
      await storage.put(`models/${model}/1/${file}`, Buffer.from('{}'))
  }
  const pool = new PredictionPool({
    ...{ storage, trainerFile: standInTrainer, scratchDirectory: t.testdir() },
    ...{ idleMs: 50, capacity: 1 },
  })
  t.teardown(() => pool.close())

  await t.test('answers from one child after another', async t => {
    const models = ['a', 'a', 'b', 'a']
    const answers = await Promise.all(models.map(model => pool.ask(`models/${model}/1`, question)))
    t.same(
      answers,
      models.map(() => ({ predictions: [{ probabilities: [0.25, 0.75] }] })),
    )
  })
  await t.test('rejects a model that is not there', async t => {
    await t.rejects(pool.ask('models/c/1', question), { message: /there is no model.json in the storage/ })
  })
})
