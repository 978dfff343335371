// npm run bench -- lesson [--rounds 5] [--seconds 3] [--connections 20]: a lesson over HTTP, asked of Lyceum as it
// runs in production, and the same answer from bare Fastify, Apollo Server and GraphQL Yoga. Twice: the whole page,
// most of which is text that every server has to encode, and its opening, where the server's own work shows.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { packageRoot } from '../src/platform/package-root.js'
import { questions, requireSameAnswer, startServers } from './lesson/servers.js'
import { type Contender, cores, startContender } from './support/contender.js'
import { type Measurement, middle, sendLoad } from './support/load.js'
import { row } from './support/table.js'

const warmUpSeconds = 3
const atLeastOne = z.coerce.number().int().min(1)
const { rounds, seconds, connections } = z
  .object({
    rounds: atLeastOne.default(5),
    seconds: atLeastOne.default(3),
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

async function measure(client: Contender<unknown>, urls: ReadonlyMap<string, string>, body: string) {
  const contenders = [...urls].map(([name, url]) => ({ name, url, results: [] as Measurement[] }))
  for (const { url } of contenders) {
    await sendLoad(client, { url, body, connections, seconds: warmUpSeconds })
  }
  for (let round = 0; round < rounds; round++) {
    for (const { url, results } of contenders) {
      results.push(await sendLoad(client, { url, body, connections, seconds }))
    }
    // Each goes first in its turn.
    contenders.push(...contenders.splice(0, 1))
  }
  return new Map(
    [...urls.keys()].map(name => [name, middle(contenders.find(it => it.name === name)?.results ?? [])]),
  )
}

function report(results: ReadonlyMap<string, Measurement>, suffix: string): Record<string, number> {
  const lyceum = results.get('lyceum')?.requestsPerSecond ?? Number.NaN
  const ratios: Record<string, number> = {}
  console.log(row('server', 'requests/s', 'p50 ms', 'p99 ms', 'lyceum is', 'client busy'))
  for (const [name, { requestsPerSecond, p50, p99, busy }] of results) {
    const ratio = lyceum / requestsPerSecond
    if (name !== 'lyceum') ratios[`lyceum/${name}${suffix}`] = Number(ratio.toFixed(2))
    const times = name === 'lyceum' ? '' : `${ratio.toFixed(2)}x`
    console.log(
      row(
        name,
        requestsPerSecond.toFixed(0),
        String(p50),
        String(p99),
        times,
        `${(busy * 100).toFixed(0)} %`,
      ),
    )
  }
  return ratios
}
