// npm run bench -- fine-tuning [--seeds 10] [--images 100]: what pre-training is worth. A simple CNN learns the digits
// 0 to 4 from all their images, and then 5 to 9 from few: against the same network trained on those from scratch.
// With --choose it tries learning rates for each way, on images held back, and measures nothing else.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import type { TrainerEvent, TrainingSpecInput } from '../src/training/contract.js'
import { trainingSpec } from '../src/training/contract.js'
import { startTrainer } from '../workers/supervisor/trainer-process.js'
import { row } from './support/table.js'

const trainerFile = fileURLToPath(new URL('../workers/trainer/main.js', import.meta.url))
/** What the trainer calls its source; the folder given is what counts. */
const sourceRun = '00000000-0000-7000-8000-000000000000'

const { seeds, images, choose } = z
  .object({
    seeds: z.coerce.number().int().min(2).default(10),
    images: z.coerce.number().int().min(100).default(100),
    choose: z.boolean().default(false),
  })
  .parse(
    parseArgs({
      options: { seeds: { type: 'string' }, images: { type: 'string' }, choose: { type: 'boolean' } },
    }).values,
  )

const common = { architecture: 'simple-cnn', dataset: 'mnist', engine: 'wasm', validationSplit: 0 } as const
const few = { ...common, classes: [5, 6, 7, 8, 9], trainingImages: images, batchSize: 20, epochs: 30 }
const from = { runId: sourceRun, newHead: true }
const frozen = { ...from, freeze: 'all-but-head' }

interface Rates {
  learningRate: number
  /** Factor for all layers but the head. */
  base: number
}
interface Way {
  spec(rates: Rates): TrainingSpecInput
  /** Whether 'base' makes a difference. */
  hasBase: boolean
  /** As '--choose' found them. */
  rates: Rates
}

const ways: Record<string, Way> = {
  'from scratch': {
    spec: ({ learningRate }) => ({ ...few, learningRate }),
    hasBase: false,
    rates: { learningRate: 0.0003, base: 1 },
  },
  'new head only': {
    spec: ({ learningRate }) => ({ ...few, learningRate, from: frozen }),
    hasBase: false,
    rates: { learningRate: 0.01, base: 1 },
  },
  'head, then all': {
    spec: ({ learningRate, base }) => ({
      ...few,
      learningRate,
      from: { ...frozen, unfreezeAtEpoch: 11, learningRates: { base } },
    }),
    hasBase: true,
    rates: { learningRate: 0.01, base: 1 },
  },
  'all at once': {
    spec: ({ learningRate, base }) => ({ ...few, learningRate, from: { ...from, learningRates: { base } } }),
    hasBase: true,
    rates: { learningRate: 0.003, base: 0.1 },
  },
}
/** The same for every way, training from scratch among them. */
const rateGrid = [0.0003, 0.001, 0.003, 0.01]
const baseGrid = [0.1, 1]
const CHOOSING_SEEDS = [1, 2, 3]
/** None that the rates were chosen with. */
const FIRST_SEED = 11

const directory = await mkdtemp(join(tmpdir(), 'lyceum-bench-'))
try {
  const source = await train({ ...common, classes: [0, 1, 2, 3, 4], epochs: 2 })
  console.log(`Pre-trained on the digits 0 to 4: ${percent(source.testAccuracy)} on their test images`)
  await (choose ? chooseRates(source.directory) : compare(source.directory))
} finally {
  await rm(directory, { recursive: true })
}

async function compare(source: string) {
  console.log(`\nTest accuracy on 5 to 9 from ${images} images, ${seeds} seeds, Node ${process.version}`)
  console.log(`${row('way', 'mean', 'spread')}   of each seed`)
  const means: Record<string, number> = {}
  for (const [name, way] of Object.entries(ways)) {
    const accuracies: number[] = []
    // The seed chooses the images too: each is the same for all ways.
    for (let seed = FIRST_SEED; seed < FIRST_SEED + seeds; seed++) {
      accuracies.push((await train({ ...way.spec(way.rates), seed }, source)).testAccuracy)
    }
    const { mean, deviation } = describe(accuracies)
    means[name] = Number(mean.toFixed(4))
    console.log(
      `${row(name, percent(mean), `±${percent(deviation)}`)}   ${accuracies.map(percent).join(', ')}`,
    )
  }
  console.log(`\n${JSON.stringify({ bench: 'fine-tuning', images, seeds, means })}`)
}

/** Each way with every rate of the grid, on training images held back; the test images are not looked at. */
async function chooseRates(source: string) {
  console.log(`\nAccuracy on ${images} images held back, mean of the seeds ${CHOOSING_SEEDS.join(', ')}`)
  console.log(row('way', 'rate', 'accuracy'))
  for (const [name, way] of Object.entries(ways)) {
    for (const base of way.hasBase ? baseGrid : [1]) {
      for (const learningRate of rateGrid) {
        const spec = { ...way.spec({ learningRate, base }), trainingImages: 2 * images, validationSplit: 0.5 }
        const accuracies: number[] = []
        for (const seed of CHOOSING_SEEDS) {
          accuracies.push((await train({ ...spec, seed }, source)).validationAccuracy)
        }
        const rates = way.hasBase ? `${learningRate} x${base}` : `${learningRate}`
        console.log(row(name, rates, percent(describe(accuracies).mean)))
      }
    }
  }
}

/** Trains in a process of its own, as a worker does. */
async function train(spec: TrainingSpecInput, sourceDirectory?: string) {
  const outputDirectory = await mkdtemp(join(directory, 'run-'))
  let finished: Extract<TrainerEvent, { type: 'finished' }> | undefined
  let validationAccuracy = Number.NaN
  let failure: string | undefined
  const trainer = startTrainer(trainerFile, report => {
    if (report?.kind === 'event' && report.event.type === 'finished') finished = report.event
    if (report?.kind === 'event' && report.event.type === 'epoch') {
      validationAccuracy = report.event.validationAccuracy ?? Number.NaN
    }
    if (report?.kind === 'failed') failure = report.message
  })
  trainer.send({
    kind: 'train',
    spec: trainingSpec.parse(spec),
    attempt: 1,
    datasetsDirectory: join(directory, 'datasets'),
    outputDirectory,
    ...(spec.from && sourceDirectory ? { sourceDirectory } : {}),
  })
  await trainer.gone
  if (!finished) throw new Error(failure ?? 'The training process ended without a result.')
  return { directory: outputDirectory, testAccuracy: finished.testAccuracy, validationAccuracy }
}

/** The standard deviation is that of a sample. */
function describe(values: readonly number[]) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, deviation: Math.sqrt(squares / (values.length - 1)) }
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
