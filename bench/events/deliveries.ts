import { once } from 'node:events'
import { join } from 'node:path'
import { z } from 'zod'
import { packageRoot } from '../../src/platform/package-root.js'
import { cores, startContender } from '../support/contender.js'

const delivery = z.object({
  /** From the report to the subscriber, in ms. */
  p50: z.number(),
  p99: z.number(),
  most: z.number(),
  events: z.number(),
  /** Events that a subscriber never got, and that it got again. */
  lost: z.number(),
  doubled: z.number(),
  /** The share of its core that the client used. */
  busy: z.number(),
})
export type Delivery = z.output<typeof delivery>

export interface Watch {
  readonly transport: 'sse' | 'ws'
  /** With `{id}` where the run's id stands in it. */
  readonly url: string
  readonly token: string
  /** The run that each subscriber watches. */
  readonly ids: readonly string[]
  readonly after: number
}

export interface Subscribers {
  /** Resolves when all of them listen. */
  watch(watch: Watch): Promise<void>
  /** Waits for the event with this number to reach all, then closes them. */
  report(last: number): Promise<Delivery>
}

/** The subscribers' process (`bench/peers/subscribers.mjs`). */
export async function openSubscribers(running: { stop(): Promise<void> }[]): Promise<Subscribers> {
  const client = await startContender(join(packageRoot, 'bench/peers/subscribers.mjs'), {
    core: cores?.client,
    said: z.object({}),
  })
  running.push(client)
  const exchange = async (message: object): Promise<unknown> => {
    const answer = once(client.process, 'message')
    client.process.send(message)
    return (await answer)[0]
  }
  return {
    async watch(watch) {
      await exchange({ kind: 'watch', ...watch })
    },
    report: async last => delivery.parse(await exchange({ kind: 'report', last })),
  }
}
