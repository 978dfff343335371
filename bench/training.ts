// npm run bench -- training [--engine all] [--architecture all] [--peers] [--rounds 5] [--threads 2] [--batch 128]
// [--device cpu] [--python <path>]: how many images a second each engine trains on, in turns with TensorFlow.js in
// plain JavaScript (its cpu backend and its own layers and optimizer, as they come), or with --peers with PyTorch
// (eager) and Keras on TensorFlow (`fit`), which pip installs under .lyceum/, or which a Python of yours has. With
// --device gpu these compute on an NVIDIA card, in float32 without TensorFloat-32. Ratios are medians of those of each
// round.
import { loadavg } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { readConfig } from '../src/config.js'
import { engineNames } from '../workers/engines/engine.js'
import { engineEnvironment } from '../workers/engines/engine-environment.js'
import { needsWorkaround, probeEngine } from '../workers/probe/probe-engine.js'
import { median, row } from './support/table.js'
import { type Competitor, startEngine } from './training/competitor.js'
import { buildNetwork, networkNames } from './training/networks.js'
import { findPeer, pythonPeers } from './training/python-peers.js'

/** So that the threads of the one before have gone to sleep. */
const PAUSE_MS = 300
const PLAIN = 'tfjs-cpu'
/** A step of any other takes the plain backend minutes. */
const plainNetworks = ['simple-cnn', 'lenet-5']

const options = readOptions()
const config = { ...readConfig(), engineThreads: options.threads }
const peers = new Map(
  options.peers ? pythonPeers.map(name => [name, findPeer(name, config.home, options.python)] as const) : [],
)
const tensorflow = options.engines.includes('tensorflow')
  ? await probeEngine('tensorflow', config)
  : undefined
const workaround = tensorflow && 'workaround' in tensorflow ? tensorflow.workaround : {}

interface Result {
  competitor: Competitor
  /** Images a second, in each round. */
  speeds: number[]
}

const ratios: Record<string, number> = {}
console.log(
  `Training, images a second: batch ${options.batch}, Adam, medians of ${options.rounds} rounds in turns, ` +
    `${options.threads} thread${options.threads === 1 ? '' : 's'}, Node ${process.version}`,
)
for (const network of options.networks) {
  const results = await measure(network)
  const opponents = [PLAIN, ...peers.keys()].filter(name => results.has(name))
  const [load = 0] = loadavg()
  console.log(`\n${network} (the machine's load: ${load.toFixed(1)})`)
  console.log(`${row('engine', 'images/s', ...opponents.map(name => `x ${name}`))}  device`)
  for (const [name, { competitor, speeds }] of results) {
    const figures = opponents.map(opponent => {
      const ratio = compare(speeds, results.get(opponent)?.speeds ?? [])
      if (Number.isNaN(ratio) || opponents.includes(name)) return ''
      ratios[`${name}/${opponent}:${network}`] = Number(ratio.toFixed(2))
      return `${ratio.toFixed(2)}x`
    })
    const { said } = competitor
    const speed = speeds.length > 0 ? median(speeds).toFixed(0) : '-'
    console.log(`${row(name, speed, ...figures)}  ${'device' in said ? said.device : said.missing}`)
  }
}
console.log(`\n${JSON.stringify({ bench: 'training', ratios })}`)

/** All that can train this network, in turns. */
async function measure(name: string): Promise<Map<string, Result>> {
  const results = new Map<string, Result>()
  try {
    for (const [contender, starting] of contendersOf(name)) {
      results.set(contender, { competitor: await starting(), speeds: [] })
    }
    checkParameters(name, results)
    const present = [...results.values()].filter(({ competitor }) => 'device' in competitor.said)
    for (let turn = 0; turn < options.rounds; turn++) {
      for (const { competitor, speeds } of present) {
        await setTimeout(PAUSE_MS)
        speeds.push(await competitor.runRound())
      }
    }
    return results
  } finally {
    await Promise.all([...results.values()].map(({ competitor }) => competitor.stop()))
  }
}

function contendersOf(name: string): (readonly [string, () => Promise<Competitor>])[] {
  const network = buildNetwork(name)
  const { batch, threads, device } = options
  const environment = engineEnvironment(config, process.env)
  const fallback = options.webgpuFallback ? { LYCEUM_WEBGPU_FALLBACK: 'true' } : {}
  const env = { ...fallback, ...environment, ...(needsWorkaround(network) ? workaround : {}) }
  const own = options.peers || !plainNetworks.includes(name) ? options.engines : [PLAIN, ...options.engines]
  return [
    ...own.map(engine => [engine, () => startEngine(engine, { network: name, batch, env })] as const),
    ...Array.from(
      peers,
      ([peer, { start }]) => [peer, () => start(name, { batch, threads, device })] as const,
    ),
  ]
}

/** @throws Error where a peer's network is another than ours */
function checkParameters(name: string, results: ReadonlyMap<string, Result>): void {
  const { trainableParameters } = buildNetwork(name)
  for (const [who, { competitor }] of results) {
    const { said } = competitor
    if ('device' in said && said.parameters !== trainableParameters) {
      throw new Error(
        `${who} trains ${said.parameters} parameters of ${name}, where ours has ${trainableParameters}.`,
      )
    }
  }
}

/** The median of the rounds' ratios: what else the machine does slows down both. */
function compare(speeds: readonly number[], others: readonly number[]): number {
  return median(speeds.map((speed, turn) => speed / (others[turn] ?? Number.NaN)))
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      engine: { type: 'string', default: 'all' },
      architecture: { type: 'string', default: plainNetworks.join(',') },
      peers: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '5' },
      threads: { type: 'string', default: '2' },
      batch: { type: 'string', default: '128' },
      device: { type: 'string', default: 'cpu' },
      python: { type: 'string' },
    },
  })
  const count = z.coerce.number().int().min(1)
  const listOf = (names: readonly string[]) => {
    const all = z.literal('all').transform(() => [...names])
    const some = z.string().transform(list => list.split(','))
    return z.union([all, some.pipe(z.array(z.enum(names)))])
  }
  return {
    engines: listOf(engineNames).parse(values.engine),
    // In software only where it is asked for: it takes a hundred times as long.
    webgpuFallback: values.engine.split(',').includes('webgpu'),
    networks: listOf(networkNames).parse(values.architecture),
    peers: values.peers,
    rounds: count.parse(values.rounds),
    threads: count.parse(values.threads),
    batch: count.parse(values.batch),
    device: z.enum(['cpu', 'gpu']).parse(values.device),
    python: values.python,
  }
}
