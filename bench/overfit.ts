// npm run bench -- overfit [--engine all] [--architecture all] [--epochs 100] [--seed 42]: after how many epochs each
// architecture for small images knows 256 images by heart (99 % of them, measured as in use), on each engine, with
// default settings. Fails where one does not learn them.
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { readConfig } from '../src/config.js'
import { architectures } from '../src/networks/architectures/index.js'
import { engineNames } from '../workers/engines/engine.js'
import { engineEnvironment } from '../workers/engines/engine-environment.js'
import { needsWorkaround, probeEngine } from '../workers/probe/probe-engine.js'
import { startContender } from './support/contender.js'
import { row } from './support/table.js'

/** Sides of the images that the university trains on. */
const SMALL = 32
const ENOUGH = 0.99
const learnerFile = fileURLToPath(new URL('overfit/learner.js', import.meta.url))
const said = z.union([z.object({ device: z.string() }), z.object({ missing: z.string() })])
const learned = z.object({ epochs: z.number(), accuracy: z.number(), seconds: z.number() })

/** The narrow ones are what a course trains on a CPU. */
const narrow = ['mobilenet-v1-small@0.25', 'mobilenet-v2-small@0.35']
const small = architectures.filter(({ inputShape: [height] }) => height <= SMALL)
const variants = [...small.map(({ id }) => id), ...narrow]
const options = readOptions()
const config = readConfig()
const tensorflow = options.engines.includes('tensorflow')
  ? await probeEngine('tensorflow', config)
  : undefined
const workaround = tensorflow && 'workaround' in tensorflow ? tensorflow.workaround : {}

const results: Record<string, number> = {}
const failed: string[] = []
console.log(`Epochs until 256 images are known by heart, at most ${options.epochs}, seed ${options.seed}\n`)
console.log(`${'architecture'.padEnd(26)}${row('engine', 'epochs', 'accuracy', 'seconds')}`)
for (const id of options.architectures) {
  for (const engine of options.engines) {
    const result = await learn(engine, id)
    const name = id.padEnd(26)
    if ('missing' in result) console.log(`${name}${row(engine, '-')}  ${result.missing}`)
    else {
      const { epochs, accuracy, seconds } = result
      const known = accuracy >= ENOUGH
      const cells = [known ? String(epochs) : '-', `${(accuracy * 100).toFixed(1)} %`, seconds.toFixed(0)]
      console.log(`${name}${row(engine, ...cells)}`)
      if (known) results[`${engine}:${id}`] = epochs
      else failed.push(`${engine}:${id}`)
    }
  }
}
console.log(`\n${JSON.stringify({ bench: 'overfit', epochs: results, failed })}`)
process.exitCode = failed.length > 0 ? 1 : 0

async function learn(engine: string, id: string) {
  const network = small.find(architecture => architecture.id === id.split('@')[0])?.build()
  const env = {
    ...engineEnvironment(config, process.env),
    ...(network && needsWorkaround(network) ? workaround : {}),
  }
  const args = [engine, id, String(options.epochs), String(options.seed)]
  const learner = await startContender(learnerFile, { args, env, said })
  try {
    if ('missing' in learner.said) return learner.said
    const answer = once(learner.process, 'message')
    learner.process.send('learn')
    return learned.parse((await answer)[0])
  } finally {
    await learner.stop()
  }
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      engine: { type: 'string', default: 'all' },
      architecture: { type: 'string', default: 'all' },
      epochs: { type: 'string', default: '100' },
      seed: { type: 'string', default: '42' },
    },
  })
  const listOf = (names: readonly string[], list: string) =>
    list === 'all' ? names : z.array(z.enum(names)).parse(list.split(','))
  return {
    engines: listOf(engineNames, values.engine),
    architectures: listOf(variants, values.architecture),
    epochs: z.coerce.number().int().min(1).max(100).parse(values.epochs),
    seed: z.coerce.number().int().min(0).parse(values.seed),
  }
}
