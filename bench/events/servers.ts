import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { createIdentityService } from '../../src/identity/identity-service.js'
import { openDatabase } from '../../src/platform/database.js'
import { packageRoot } from '../../src/platform/package-root.js'
import { startDatabase } from '../lesson/database.js'
import { cores, startContender } from '../support/contender.js'
import type { Watch } from './deliveries.js'
import { eventsBefore, startReportedRun } from './reported-run.js'

/** As often as a training child tells of its steps. */
export const reportMs = 250

export interface EventServer {
  readonly name: string
  readonly address: Pick<Watch, 'transport' | 'url' | 'token'>
  startRuns(count: number): Promise<ReportedRuns>
}

/** Runs that all tell of the same steps at the same times. */
interface ReportedRuns {
  readonly ids: readonly string[]
  /** The number of the last event before their first step. */
  readonly after: number
  report(step: number): void
  end(): Promise<void>
}

const said = z.object({ port: z.number() })

/** Lyceum as it runs in production, on its two faces, and GraphQL Yoga. What was started is in `running`. */
export async function startEventServers(running: { stop(): Promise<void> }[]): Promise<EventServer[]> {
  const { url: databaseUrl, home, stop } = await startDatabase()
  running.push({ stop })
  const database = openDatabase(databaseUrl, { connections: 8 })
  running.push({ stop: () => database.$disconnect() })
  const account = { email: 'instructor@lyceum.test', password: randomUUID() }
  const identity = createIdentityService(database)
  const owner = await identity.addUser({ ...account, name: 'Instructor', role: 'INSTRUCTOR' })
  const { secret: token } = await identity.signIn(account)
  const lyceum = await startContender(join(packageRoot, 'dist/src/lyceum.js'), {
    args: ['server'],
    env: { DATABASE_URL: databaseUrl, LYCEUM_HOME: home, HOST: '127.0.0.1', PORT: '0' },
    core: cores?.server,
    said,
  })
  running.push(lyceum)
  const host = `127.0.0.1:${lyceum.said.port}`
  const sse = `http://${host}/api/v1/runs/{id}/events?after=${eventsBefore}`
  const yoga = await startYoga(running)

  return [
    { name: 'lyceum', address: { transport: 'sse', url: sse, token }, startRuns },
    { name: 'lyceum-ws', address: { transport: 'ws', url: `ws://${host}/graphql`, token }, startRuns },
    yoga,
  ]

  async function startRuns(count: number): Promise<ReportedRuns> {
    const runs = await Promise.all(Array.from({ length: count }, () => startReportedRun(database, owner.id)))
    return {
      ids: runs.map(({ id }) => id),
      after: eventsBefore,
      report: step => inTurns(runs, run => run.report(step)),
      async end() {
        await Promise.all(runs.map(run => run.end()))
      },
    }
  }
}

async function startYoga(running: { stop(): Promise<void> }[]): Promise<EventServer> {
  const yoga = await startContender(join(packageRoot, 'bench/peers/yoga-events.mjs'), {
    core: cores?.server,
    said,
  })
  running.push(yoga)
  const query = 'subscription { runEvents(runId: "{id}") { number event { loss } } }'
  const url = `http://127.0.0.1:${yoga.said.port}/graphql?query=${encodeURIComponent(query).replace('%7Bid%7D', '{id}')}`
  return {
    name: 'yoga',
    address: { transport: 'sse', url, token: '' },
    async startRuns(count) {
      const ids = Array.from({ length: count }, () => randomUUID())
      return {
        ids,
        after: 0,
        report: step =>
          inTurns(ids, id => yoga.process.send({ id, number: step, event: { loss: Date.now() } })),
        async end() {},
      }
    },
  }
}

/** One after another over the time until they report again: runs do not keep step with each other. */
function inTurns<Run>(runs: readonly Run[], report: (run: Run) => void): void {
  for (const [index, run] of runs.entries()) setTimeout(report, (index / runs.length) * reportMs, run)
}
