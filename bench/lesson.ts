// npm run bench -- lesson [--rounds 11] [--seconds 1] [--connections 20]: a lesson over HTTP, asked of Lyceum as it
// runs in production, and the same answer from bare Fastify, Apollo Server and GraphQL Yoga. Twice: the whole page,
// most of which is text that every server has to encode, and its opening, where the server's own work shows.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { packageRoot } from '../src/platform/package-root.js'
import { questions, requireSameAnswer, startServers } from './lesson/servers.js'
import { type Contender, cores, startContender } from './support/contender.js'
import { type Measurement, middle, sendLoad } from './support/load.js'
import { median, row } from './support/table.js'

const warmUpSeconds = 3
const atLeastOne = z.coerce.number().int().min(1)
const { rounds, seconds, connections } = z
  .object({
    rounds: atLeastOne.default(11),
    seconds: atLeastOne.default(1),
    connections: atLeastOne.default(20),
  })
  .parse(
    parseArgs({
      options: { rounds: { type: 'string' }, seconds: { type: 'string' }, connections: { type: 'string' } },
    }).values,
  )

const running: { stop(): Promise<void> }[] = []
try {
  const client = await startContender(join(packageRoot, 'bench/peers/load.mjs'), {
    core: cores?.client,
    said: z.object({}),
  })
  running.push(client)
  const urls = await startServers(running)
  console.log(
    `A lesson over HTTP: ${connections} connections, medians of ${rounds} rounds of ${seconds} s in turns, ` +
      `${cores ? 'server and client on a core each' : 'processes not pinned to cores'}, Node ${process.version}`,
  )
  const ratios: Record<string, number> = {}
  for (const [name, { body }] of Object.entries(questions)) {
    const bytes = await requireSameAnswer(urls, body)
    const results = await measure(client, urls, body)
    console.log(`\nThe lesson's ${name}, ${(bytes / 1024).toFixed(1)} KiB of JSON`)
    Object.assign(ratios, report(results, name === 'page' ? '' : `:${name}`))
  }
  console.log(`\n${JSON.stringify({ bench: 'lesson', ratios })}`)
} finally {
  for (const process of running.reverse()) await process.stop()
}

/** What each server did in each round. */
async function measure(client: Contender<unknown>, urls: ReadonlyMap<string, string>, body: string) {
  const results = new Map([...urls.keys()].map(name => [name, [] as Measurement[]]))
  for (const url of urls.values()) await sendLoad(client, { url, body, connections, seconds: warmUpSeconds })
  const order = [...urls]
  for (let round = 0; round < rounds; round++) {
    for (const [name, url] of order) {
      results.get(name)?.push(await sendLoad(client, { url, body, connections, seconds }))
    }
    // Each goes first in its turn.
    order.push(...order.splice(0, 1))
  }
  return results
}

/** Compares within each round: a machine that is busy for a while is so for all of them. */
function report(results: ReadonlyMap<string, Measurement[]>, suffix: string): Record<string, number> {
  const lyceum = results.get('lyceum') ?? []
  const ratios: Record<string, number> = {}
  console.log(row('server', 'requests/s', 'p50 ms', 'p99 ms', 'lyceum is', 'client busy'))
  for (const [name, rounds] of results) {
    const { requestsPerSecond, p50, p99, busy } = middle(rounds)
    const ratio = median(
      rounds.map(
        (round, index) => (lyceum[index]?.requestsPerSecond ?? Number.NaN) / round.requestsPerSecond,
      ),
    )
    if (name !== 'lyceum') ratios[`lyceum/${name}${suffix}`] = Number(ratio.toFixed(2))
    const times = name === 'lyceum' ? '' : `${ratio.toFixed(2)}x`
    const share = `${(busy * 100).toFixed(0)} %`
    console.log(row(name, requestsPerSecond.toFixed(0), String(p50), String(p99), times, share))
  }
  return ratios
}
