// npm run bench -- events [--rounds 3] [--seconds 10] [--subscribers 1000] [--runs 100]: how long a run's events are on
// their way from the worker's report through the database to everyone who watches, by server-sent events and by GraphQL
// subscription: one run with many subscribers, and many runs at once. Beside GraphQL Yoga, which hands on what it is
// given from memory.
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { type Delivery, openSubscribers, type Subscribers } from './events/deliveries.js'
import { type EventServer, reportMs, startEventServers } from './events/servers.js'
import { cores } from './support/contender.js'
import { median, row } from './support/table.js'

const atLeastOne = z.coerce.number().int().min(1)
const { rounds, seconds, subscribers, runs } = z
  .object({
    rounds: atLeastOne.default(3),
    seconds: atLeastOne.default(10),
    subscribers: atLeastOne.default(1000),
    runs: atLeastOne.default(100),
  })
  .parse(
    parseArgs({
      options: {
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        subscribers: { type: 'string' },
        runs: { type: 'string' },
      },
    }).values,
  )
const reports = Math.ceil((seconds * 1000) / reportMs)
const scenes = [
  { name: `one run, ${subscribers} subscribers`, key: 'one-run', runs: 1, subscribers },
  { name: `${runs} runs, a subscriber each`, key: 'many-runs', runs, subscribers: runs },
]

const running: { stop(): Promise<void> }[] = []
try {
  const servers = await startEventServers(running)
  const client = await openSubscribers(running)
  console.log(
    `A run's events, ${1000 / reportMs} a second: medians of ${rounds} rounds of ${seconds} s in turns, ` +
      `${cores ? 'server and client on a core each' : 'processes not pinned to cores'}, Node ${process.version}`,
  )
  const ratios: Record<string, number> = {}
  const p99Ms: Record<string, number> = {}
  let [lost, doubled] = [0, 0]
  for (const scene of scenes) {
    const results = new Map<string, Delivery[]>()
    for (let round = 0; round < rounds; round++) {
      for (const server of servers) {
        const delivery = await measure(client, server, scene)
        results.set(server.name, [...(results.get(server.name) ?? []), delivery])
      }
    }
    console.log(`\n${scene.name}`)
    console.log(row('server', 'events', 'p50 ms', 'p99 ms', 'most ms', 'lost', 'doubled', 'client busy'))
    for (const [name, deliveries] of results) {
      const of = (field: keyof Delivery) => median(deliveries.map(delivery => delivery[field]))
      const sum = (field: keyof Delivery) =>
        deliveries.reduce((total, delivery) => total + delivery[field], 0)
      const figures = [sum('events'), of('p50'), of('p99'), of('most'), sum('lost'), sum('doubled')]
      console.log(row(name, ...figures.map(String), `${(of('busy') * 100).toFixed(0)} %`))
      p99Ms[`${name}:${scene.key}`] = of('p99')
      if (name === 'yoga') continue
      lost += sum('lost')
      doubled += sum('doubled')
      const yoga = results.get('yoga') ?? []
      const slower = deliveries.map(({ p99 }, round) => p99 / (yoga[round]?.p99 ?? Number.NaN))
      ratios[`${name}/yoga:${scene.key}`] = Number(median(slower).toFixed(2))
    }
  }
  console.log(`\n${JSON.stringify({ bench: 'events', p99Ms, ratios, lost, doubled })}`)
} finally {
  for (const process of running.reverse()) await process.stop()
}

async function measure(
  client: Subscribers,
  server: EventServer,
  scene: { runs: number; subscribers: number },
): Promise<Delivery> {
  const runs = await server.startRuns(scene.runs)
  const ids = Array.from({ length: scene.subscribers }, (_, index) => runs.ids[index % scene.runs] ?? '')
  await client.watch({ ...server.address, ids, after: runs.after })
  for (let step = 1; step <= reports; step++) {
    runs.report(step)
    await sleep(reportMs)
  }
  const delivery = await client.report(runs.after + reports)
  await runs.end()
  return delivery
}
