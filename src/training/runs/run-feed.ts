import type { Database } from '../../platform/database.js'
import type { Notifications } from '../../platform/notifications.js'
import { type Curve, readCurve } from './curve.js'
import { type RunEvent, runEvent } from './run-events.js'
import { isFinal } from './run-states.js'

/** A run's event as it is kept: numbered from 1 without gaps. */
export interface StoredEvent {
  readonly number: number
  readonly attempt: number
  readonly createdAt: Date
  readonly event: RunEvent
}

const pageSize = 200

/**
 * A run's events above `after`, in order and without gaps: first those that are stored, then each as it comes.
 * Ends when the run has ended and all was given, when it was deleted, or when `signal` is aborted. A
 * notification only wakes it; what is given is read from the database.
 */
export async function* watchRun(
  { database, notifications }: { database: Database; notifications: Notifications },
  runId: string,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<StoredEvent, void, undefined> {
  const bell = hangBell(notifications, runId, signal)
  try {
    let last = after
    while (!signal.aborted) {
      // Before reading: what is said while we read rings again.
      bell.silence()
      // Before the events: those of a run that is seen to have ended are then all there.
      const run = await database.trainingRun.findUnique({ where: { id: runId }, select: { status: true } })
      for await (const event of storedEvents(database, runId, last)) {
        if (signal.aborted) return
        yield event
        last = event.number
      }
      if (run === null || isFinal(run.status)) return
      await bell.rung()
    }
  } finally {
    bell.takeDown()
  }
}

async function* storedEvents(database: Database, runId: string, after: number) {
  for (let last = after; ; ) {
    const events = await findEvents(database, runId, last, pageSize)
    yield* events
    last = events.at(-1)?.number ?? last
    if (events.length < pageSize) return
  }
}

/** What a chart of the run draws, in one query. */
export async function findCurve(database: Database, runId: string): Promise<Curve> {
  const rows = await database.runEvent.findMany({
    where: { runId, type: { in: ['started', 'step', 'epoch'] } },
    orderBy: { number: 'asc' },
    select: { payload: true },
  })
  return readCurve(rows.map(({ payload }) => runEvent.parse(payload)))
}

/** At most `limit` events with a number above `after`, in order. */
export async function findEvents(
  database: Database,
  runId: string,
  after: number,
  limit: number,
): Promise<StoredEvent[]> {
  const rows = await database.runEvent.findMany({
    where: { runId, number: { gt: after } },
    orderBy: { number: 'asc' },
    take: limit,
    select: { number: true, attempt: true, payload: true, createdAt: true },
  })
  return rows.map(({ payload, ...row }) => ({ ...row, event: runEvent.parse(payload) }))
}

/** Rings when there may be news of a run: after a notification, a reconnection (some were missed), an abort. */
function hangBell(notifications: Notifications, runId: string, signal: AbortSignal) {
  let ringing = false
  let wake = () => {}
  const ring = () => {
    ringing = true
    wake()
  }
  const takeDown = [
    notifications.on('run_events', id => {
      if (id === runId) ring()
    }),
    notifications.onReconnected(ring),
  ]
  signal.addEventListener('abort', ring)
  return {
    silence() {
      ringing = false
    },
    async rung() {
      if (ringing || signal.aborted) return
      await new Promise<void>(resolve => {
        wake = resolve
      })
    },
    takeDown() {
      for (const end of takeDown) end()
      signal.removeEventListener('abort', ring)
    },
  }
}

/** The same items; aborts `left` when the reader leaves, also while the generator waits. */
export function untilLeft<Item>(
  items: AsyncGenerator<Item, void, undefined>,
  left: AbortController,
): AsyncIterableIterator<Item, void, undefined> {
  return {
    next: () => items.next(),
    // A generator that waits hears of `return` only when its wait is over.
    return() {
      left.abort()
      return items.return()
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
