import { once } from 'node:events'
import { z } from 'zod'
import type { Contender } from './contender.js'
import { median } from './table.js'

const measurement = z.object({
  requestsPerSecond: z.number(),
  /** Latencies in ms. */
  p50: z.number(),
  p99: z.number(),
  /** Requests that were answered with anything but 2xx, or not at all. */
  failures: z.literal(0, 'some requests failed'),
  /** The share of its core that the client used: near 1, it was the client that could do no more. */
  busy: z.number(),
})
export type Measurement = z.output<typeof measurement>

export interface Load {
  readonly url: string
  readonly body: string
  readonly connections: number
  readonly seconds: number
}

/** Has the client (`bench/peers/load.mjs`) send requests for some seconds. */
export async function sendLoad(client: Contender<unknown>, load: Load): Promise<Measurement> {
  const result = once(client.process, 'message')
  client.process.send(load)
  return measurement.parse((await result)[0])
}

/** The median of each figure. */
export function middle(rounds: readonly Measurement[]): Measurement {
  const of = (field: keyof Measurement) => median(rounds.map(round => round[field]))
  return {
    requestsPerSecond: of('requestsPerSecond'),
    p50: of('p50'),
    p99: of('p99'),
    failures: 0,
    busy: of('busy'),
  }
}
