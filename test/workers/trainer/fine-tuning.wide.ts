import { mkdtemp, readFile, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { readSavedModel } from '../../../src/networks/saved-model.js'
import type { TrainingSpecInput } from '../../../src/training/contract.js'
import { Child } from './child.js'

const directory = await mkdtemp(join(tmpdir(), 'lyceum-fine-tuning-'))
t.teardown(() => rm(directory, { recursive: true }))

const normalized = [
  { type: 'conv2d', filters: 4, kernelSize: 3, name: 'strokes' },
  { type: 'batchNormalization', name: 'norm' },
  { type: 'activation', activation: 'relu' },
  { type: 'maxPool2d', poolSize: 4 },
  { type: 'flatten' },
  { type: 'dense', units: 5, name: 'classes' },
] satisfies TrainingSpecInput['layers']
const least = {
  layers: normalized,
  dataset: 'mnist',
  engine: 'wasm',
  trainingImages: 256,
  validationSplit: 0,
  batchSize: 64,
  epochs: 1,
} as const
const sourceRun = '019a0000-0000-7000-8000-000000000000'

async function run(fields: Partial<TrainingSpecInput>, sourceDirectory?: string) {
  const outputDirectory = await mkdtemp(join(directory, 'run-'))
  const child = new Child()
  t.teardown(() => child.process.kill('SIGKILL'))
  child.send({
    kind: 'train',
    spec: { ...least, ...fields },
    attempt: 1,
    datasetsDirectory: join(directory, 'datasets'),
    outputDirectory,
    ...(sourceDirectory ? { sourceDirectory } : {}),
  })
  await child.exited
  return { last: child.reports.at(-1), outputDirectory }
}

/** A saved model's weights by their names. */
async function weightsOf(folder: string) {
  const model = readSavedModel(await readFile(join(folder, 'model.json'), 'utf8'))
  const bytes = await readFile(join(folder, 'weights.bin'))
  let offset = 0
  const entries = model.weights.map(({ name, shape }) => {
    const end = offset + 4 * shape.reduce((product, size) => product * size, 1)
    const entry = [name, bytes.subarray(offset, end).toString('hex')] as const
    offset = end
    return entry
  })
  return new Map(entries)
}

t.test('a run begins with another one’s model', async t => {
  const { outputDirectory: source } = await run({ classes: [0, 1, 2, 3, 4] })
  const before = await weightsOf(source)
  const changed = async (fields: Partial<TrainingSpecInput>) => {
    const { last, outputDirectory } = await run(fields, source)
    t.match(last, { kind: 'finished' })
    const after = await weightsOf(outputDirectory)
    return [...after.keys()].filter(name => after.get(name) !== before.get(name))
  }
  const from = { runId: sourceRun, newHead: true, freeze: 'all-but-head' }
  const head = ['classes/kernel', 'classes/bias']
  const others = { classes: [5, 6, 7] }

  await t.test('whose frozen layers keep their weights and their moving statistics, bit for bit', async t => {
    t.strictSame(await changed({ ...others, from }), head)
    t.strictSame(await changed({ ...others, from: { ...from, freeze: 'strokes' } }), [
      'norm/gamma',
      'norm/beta',
      'norm/moving_mean',
      'norm/moving_variance',
      ...head,
    ])
  })
  await t.test('which learns as a whole from the epoch on that unfreezes it', async t => {
    const unfreezing = { ...from, unfreezeAtEpoch: 2 }
    t.strictSame(await changed({ ...others, from: unfreezing, epochs: 2 }), [...before.keys()])
  })
  await t.test('and whose base moves the less, the smaller its learning rate', async t => {
    const sgd = { optimizer: { name: 'sgd' as const }, classes: [0, 1, 2, 3, 4] }
    const moved = async (base: number) => {
      const rates = { runId: sourceRun, learningRates: { base, head: 1e-9 } }
      const { outputDirectory } = await run(
        { ...sgd, trainingImages: 100, batchSize: 100, from: rates },
        source,
      )
      const after = await weightsOf(outputDirectory)
      const numbers = (hex = '') => new Float32Array(Uint8Array.from(Buffer.from(hex, 'hex')).buffer)
      const [old, now] = [before, after].map(weights => numbers(weights.get('strokes/kernel')))
      return Math.hypot(...Array.from(old ?? [], (value, i) => value - (now?.[i] ?? 0)))
    }
    const ratio = (await moved(10)) / (await moved(1))
    t.ok(ratio > 9.9 && ratio < 10.1, `one step at ten times the rate is ${ratio} times as long`)
  })
  await t.test('and is told why where the model does not fit', async t => {
    const [first, ...rest] = normalized
    const wider = [{ ...first, filters: 5 }, ...rest] as TrainingSpecInput['layers']
    const { last } = await run({ ...others, layers: wider, from }, source)
    t.match(last, { kind: 'failed', code: 'SOURCE_MODEL_UNFIT', fault: 'spec', message: /strokes\/kernel/ })
    await truncate(join(source, 'weights.bin'), 100)
    t.match((await run({ ...others, from }, source)).last, { code: 'SOURCE_MODEL_UNFIT', message: /shorter/ })
  })
})
