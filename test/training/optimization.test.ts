import t from 'tap'
import {
  learningRateAt,
  optimizerSpec,
  scheduleSpec,
  type TrainingSpecInput,
  trainingSpec,
  validateSpec,
} from '../../src/training/contract.js'

const least = { architecture: 'lenet-5', dataset: 'mnist' }
const check = (fields: Partial<TrainingSpecInput>) =>
  validateSpec(trainingSpec.parse({ ...least, ...fields })).map(
    ({ field, message }) => `${field}: ${message}`,
  )

// What torch 2.13.0's schedulers give a rate of 0.5 over 20 steps, that is 4 epochs of 5 steps; a warm-up is a
// SequentialLR of LinearLR(start_factor=1/W, total_iters=W-1) and the schedule, with its milestone at W.
const byTorch: { schedule: Record<string, unknown>; how: string; rates: number[] }[] = [
  {
    schedule: { name: 'step', factor: 0.1 },
    how: 'StepLR(5, 0.1)',
    rates: [0.5, 0.05, 0.005, 0.0005].flatMap(rate => new Array<number>(5).fill(rate)),
  },
  {
    schedule: { name: 'step', everyEpochs: 2, factor: 0.5, warmupEpochs: 0.8 },
    how: 'W = 4, StepLR(10, 0.5)',
    rates: [0.125, 0.25, 0.375, 0.5, ...new Array<number>(10).fill(0.5), ...new Array<number>(6).fill(0.25)],
  },
  {
    schedule: { name: 'exponential', factor: 0.8 },
    how: 'ExponentialLR(0.8 ** (1 / 5))',
    rates: [
      0.5, 0.47817625, 0.457305052, 0.43734483, 0.418255821, 0.4, 0.382541, 0.365844042, 0.349875864,
      0.334604657, 0.32, 0.3060328, 0.292675233, 0.279900691, 0.267683725, 0.256, 0.24482624, 0.234140187,
      0.223920553, 0.21414698,
    ],
  },
  {
    schedule: { name: 'cosine', endShare: 0.1 },
    how: 'CosineAnnealingLR(20, eta_min=0.05)',
    rates: [
      0.5, 0.497229877, 0.488987716, 0.475476468, 0.457028824, 0.434099026, 0.407251682, 0.377147862,
      0.344528824, 0.310197755, 0.275, 0.239802245, 0.205471176, 0.172852138, 0.142748318, 0.115900974,
      0.0929711763, 0.0745235321, 0.0610122838, 0.0527701234,
    ],
  },
  {
    schedule: { name: 'cosine', warmupEpochs: 1 },
    how: 'W = 5, CosineAnnealingLR(15)',
    rates: [
      0.1, 0.2, 0.3, 0.4, 0.5, 0.5, 0.4945369, 0.478386364, 0.452254249, 0.417282652, 0.375, 0.327254249,
      0.276132116, 0.223867884, 0.172745751, 0.125, 0.0827173484, 0.0477457514, 0.0216136356, 0.00546309982,
    ],
  },
  {
    schedule: { name: 'one-cycle' },
    how: 'OneCycleLR(0.5, total_steps=20)',
    rates: [
      0.02, 0.0658359214, 0.185835921, 0.334164079, 0.454164079, 0.5, 0.493732003, 0.475242316, 0.445458089,
      0.405872827, 0.358471501, 0.305631011, 0.250001, 0.194370989, 0.141530499, 0.094129173, 0.0545439112,
      0.024759684, 0.00626999688, 2e-6,
    ],
  },
  {
    schedule: { name: 'one-cycle', peakAt: 0.45, startDivisor: 10, endDivisor: 100 },
    how: 'OneCycleLR(0.5, total_steps=20, pct_start=0.45, div_factor=10, final_div_factor=100)',
    rates: [
      0.05, 0.0671271052, 0.115900974, 0.188896228, 0.275, 0.361103772, 0.434099026, 0.482872895, 0.5,
      0.48988337, 0.46035307, 0.413801468, 0.353999899, 0.285793131, 0.214706869, 0.146500101, 0.0866985317,
      0.0401469302, 0.0106166298, 0.0005,
    ],
  },
  {
    schedule: { name: 'constant', warmupEpochs: 1 },
    how: 'W = 5, ConstantLR(1)',
    rates: [0.1, 0.2, 0.3, 0.4, ...new Array<number>(16).fill(0.5)],
  },
]

t.test('schedules give the rates of PyTorch’s', async t => {
  for (const { schedule, how, rates } of byTorch) {
    const spec = scheduleSpec.parse(schedule)
    const ours = rates.map((_, index) =>
      learningRateAt(spec, 0.5, { epochs: 4, stepsPerEpoch: 5 }, index + 1),
    )
    const worst = Math.max(...ours.map((rate, index) => Math.abs(rate / (rates[index] ?? 0) - 1)))
    t.ok(worst < 1e-6, `${how}: off by ${worst.toExponential(1)}`)
  }
})

t.test('schedules give the rates that their definitions give by hand', async t => {
  // (1 + cos x) / 2 at x = 0, 30, 60 … 180 degrees.
  const high = (1 + Math.sqrt(3) / 2) / 2
  const [first = 0, ...falling] = [1, high, 3 / 4, 1 / 2, 1 / 4, 1 - high, 0]
  const between = (from: number, to: number, shares: readonly number[]) =>
    shares.map(share => to + (from - to) * share)
  const byHand: [schedule: object, rates: number[]][] = [
    // Loshchilov and Hutter: the least, and half of the distance times 1 + cos(pi t / T), here of T = 6.
    [{ name: 'cosine' }, [first, ...falling.slice(0, -1)]],
    [{ name: 'cosine', endShare: 0.2 }, between(1, 0.2, [first, ...falling.slice(0, -1)])],
    // A warm-up of four steps in equal parts, then the same.
    [{ name: 'cosine', warmupEpochs: 4 }, [0.25, 0.5, 0.75, 1, first, ...falling.slice(0, -1)]],
    [{ name: 'constant', warmupEpochs: 3 }, [1 / 3, 2 / 3, 1, 1, 1]],
    // Smith and Topin, in cosines: from 1 / 4 up to 1 in 6 steps, and down to 1 / 40 in 6 more.
    [
      { name: 'one-cycle', peakAt: 7 / 13, startDivisor: 4, endDivisor: 10 },
      [...between(0.25, 1, [first, ...falling]), ...between(1, 0.025, falling)],
    ],
  ]
  for (const [schedule, rates] of byHand) {
    const spec = scheduleSpec.parse(schedule)
    for (const [index, rate] of rates.entries()) {
      const length = { epochs: rates.length, stepsPerEpoch: 1 }
      const ours = learningRateAt(spec, 1, length, index + 1)
      t.ok(Math.abs(ours - rate) < 1e-12, `${JSON.stringify(schedule)}, step ${index + 1}: ${ours}`)
    }
  }
})

t.test('every optimizer and schedule has defaults', async t => {
  const defaults = (schema: typeof optimizerSpec | typeof scheduleSpec, name: string) =>
    schema.parse({ name })
  t.match(defaults(optimizerSpec, 'rmsprop'), { rho: 0.9, momentum: 0, epsilon: 1e-7, weightDecay: 0 })
  t.match(defaults(optimizerSpec, 'adamw'), { beta1: 0.9, beta2: 0.999, weightDecay: 0.01, decayAll: false })
  t.match(defaults(scheduleSpec, 'step'), { everyEpochs: 1, factor: 0.1, warmupEpochs: 0 })
  t.match(defaults(scheduleSpec, 'exponential'), { factor: 0.9, warmupEpochs: 0 })
  t.match(defaults(scheduleSpec, 'cosine'), { endShare: 0, warmupEpochs: 0 })
  t.match(defaults(scheduleSpec, 'one-cycle'), { peakAt: 0.3, startDivisor: 25, endDivisor: 10_000 })
  t.match(trainingSpec.parse({ ...least, earlyStopping: {}, gradientClipping: {}, augmentation: {} }), {
    earlyStopping: { monitor: 'validationLoss', patience: 3, minDelta: 0 },
    gradientClipping: { by: 'norm', limit: 1 },
    augmentation: { rotation: 0, horizontalFlip: false, shift: 0, cropPadding: 0, cutout: 0 },
  })
})

t.test('every bound of optimization and augmentation is held', async t => {
  const refused: Record<string, unknown>[] = [
    { optimizer: { name: 'rmsprop', rho: 1 } },
    { optimizer: { name: 'rmsprop', beta1: 0.9 } },
    { optimizer: { name: 'adamw', weightDecay: -0.1 } },
    { optimizer: { name: 'sgd', weightDecay: 2 } },
    { schedule: { name: 'linear' } },
    { schedule: { name: 'step', everyEpochs: 0 } },
    { schedule: { name: 'step', factor: 1 } },
    { schedule: { name: 'exponential', factor: 0 } },
    { schedule: { name: 'cosine', endShare: 1 } },
    { schedule: { name: 'cosine', warmupEpochs: -1 } },
    { schedule: { name: 'one-cycle', peakAt: 1 } },
    { schedule: { name: 'one-cycle', warmupEpochs: 1 } },
    { labelSmoothing: 0.6 },
    { labelSmoothing: Number.NaN },
    { gradientClipping: { by: 'layer' } },
    { gradientClipping: { limit: 0 } },
    { earlyStopping: { patience: 0 } },
    { earlyStopping: { monitor: 'loss' } },
    { earlyStopping: { minDelta: -1 } },
    { augmentation: { rotation: 181 } },
    { augmentation: { shift: 0.6 } },
    { augmentation: { cropPadding: 1.5 } },
    { augmentation: { cutout: -1 } },
    { augmentation: { verticalFlip: true } },
  ]
  for (const fields of refused) {
    t.notOk(trainingSpec.safeParse({ ...least, ...fields }).success, `refuses ${JSON.stringify(fields)}`)
  }
})

t.test('what contradicts itself or the length of the run is refused with what would be possible', async t => {
  t.match(check({ optimizer: { name: 'sgd', nesterov: true } }), [/^optimizer: Nesterov momentum needs/])
  t.match(check({ optimizer: { name: 'adamw', weightDecay: 1 }, learningRate: 2 }), [
    /^optimizer: A learning rate of 2 times a weight decay of 1 takes the whole/,
  ])
  t.match(check({ epochs: 2, schedule: { name: 'cosine', warmupEpochs: 2 } }), [
    /^schedule: A warm-up of 2 epochs leaves nothing of a run of 2/,
  ])
  t.strictSame(check({ epochs: 2, schedule: { name: 'cosine', warmupEpochs: 1.5 } }), [])
  const short = { trainingImages: 100, validationSplit: 0, batchSize: 50 }
  t.match(check({ ...short, epochs: 2, schedule: { name: 'one-cycle' } }), [
    /^schedule: A peak at 0.3 of a run of 4 steps leaves fewer than one step/,
  ])
  t.match(check({ ...short, epochs: 10, schedule: { name: 'one-cycle', peakAt: 0.99 } }), [/^schedule: /])
  t.strictSame(check({ ...short, epochs: 2, schedule: { name: 'one-cycle', peakAt: 0.5 } }), [])
  t.match(check({ earlyStopping: {}, validationSplit: 0 }), [/^earlyStopping: .* set validationSplit/])
  t.match(check({ augmentation: { cutout: 28, cropPadding: 28 } }), [
    /^augmentation: cropPadding of 28 pixels .* 28x28: make it less than 28/,
    /^augmentation: cutout of 28 pixels/,
  ])
})
