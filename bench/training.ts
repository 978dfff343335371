// npm run bench -- training [--rounds 5]: how many images a second each engine trains on, against TensorFlow.js in
// plain JavaScript (its cpu backend and its own layers and optimizer, as they come), in turns.
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { readConfig } from '../src/config.js'
import { engineEnvironment } from '../workers/engines/engine-environment.js'
import { startContender } from './support/contender.js'
import { median, row } from './support/table.js'

const BATCH = 128
const compared = ['simple-cnn', 'lenet-5']
const PEER = 'tfjs-cpu'
const contenders = [PEER, 'wasm', 'tensorflow']
/** As a run's process has it. */
const env = engineEnvironment(readConfig(), process.env)
const contenderFile = fileURLToPath(new URL('training/contender.js', import.meta.url))

const said = z.union([z.object({ device: z.string() }), z.object({ missing: z.string() })])
const round = z.object({ imagesPerSecond: z.number() })
const { rounds } = z
  .object({ rounds: z.coerce.number().int().min(1).default(5) })
  .parse(parseArgs({ options: { rounds: { type: 'string' } } }).values)

const ratios: Record<string, number> = {}
console.log(
  `Training, images a second: batch ${BATCH}, Adam, medians of ${rounds} rounds in turns, Node ${process.version}`,
)
for (const id of compared) {
  console.log(`\n${id}\n${row('engine', 'images/s', 'ratio')}  device`)
  const results = await measure(id)
  const peer = median(results.get(PEER)?.speeds ?? [])
  for (const [name, { note, speeds }] of results) {
    if (speeds.length === 0) console.log(`${row(name, '-', '')}  ${note}`)
    else {
      const ratio = median(speeds) / peer
      console.log(
        `${row(name, median(speeds).toFixed(0), name === PEER ? '' : `${ratio.toFixed(1)}x`)}  ${note}`,
      )
      if (name !== PEER) ratios[`${name}/${PEER}:${id}`] = Number(ratio.toFixed(2))
    }
  }
}
console.log(`\n${JSON.stringify({ bench: 'training', ratios })}`)

/** The speeds of each contender, and its device or why it is not there. */
async function measure(architecture: string) {
  const opened = await Promise.all(
    contenders.map(async name => {
      const args = [name, architecture, String(BATCH)]
      const contender = await startContender(contenderFile, { args, env, said })
      return { name, speeds: [] as number[], contender }
    }),
  )
  try {
    const present = opened.filter(({ contender }) => 'device' in contender.said)
    for (let turn = 0; turn < rounds; turn++) {
      for (const { contender, speeds } of present) {
        const message = once(contender.process, 'message')
        contender.process.send('round')
        speeds.push(round.parse((await message)[0]).imagesPerSecond)
      }
    }
    return new Map(
      opened.map(({ name, speeds, contender: { said } }) => [
        name,
        { speeds, note: 'device' in said ? said.device : said.missing },
      ]),
    )
  } finally {
    await Promise.all(opened.map(({ contender }) => contender.stop()))
  }
}
