import type { StoredEvent } from './run-feed.js'

/** Below the 30 s or more after which proxies close a connection that is silent. */
const belowProxiesPatienceMs = 15_000

/** Events in the wire format, and a comment whenever nothing was said for a while. */
export async function* serverSentEvents<Event>(
  events: AsyncGenerator<Event, void, undefined>,
  toMessage: (event: Event) => string,
  heartbeatMs = belowProxiesPatienceMs,
) {
  // Sends the headers at once, and asks a browser to reconnect after 1 s.
  yield 'retry: 1000\n\n'
  try {
    for (let next = events.next(); ; ) {
      const result = await orSilence(next, heartbeatMs)
      if (result === 'silence') {
        yield ': still here\n\n'
        continue
      }
      if (result.done) return
      yield toMessage(result.value)
      next = events.next()
    }
  } finally {
    await events.return()
  }
}

async function orSilence<Result>(next: Promise<Result>, patienceMs: number): Promise<Result | 'silence'> {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<'silence'>(resolve => {
    timer = setTimeout(() => resolve('silence'), patienceMs)
  })
  try {
    return await Promise.race([next, silence])
  } finally {
    clearTimeout(timer)
  }
}

export function eventMessage({ number, attempt, createdAt, event }: StoredEvent): string {
  return `id: ${number}\nevent: ${event.type}\ndata: ${JSON.stringify({ number, attempt, createdAt, event })}\n\n`
}
