import type pg from 'pg'
import { connect } from './connect.js'
import type { Logger } from './logger.js'

/** PostgreSQL channels. A payload is an id only: NOTIFY bounds it to 8000 bytes. */
const channels = ['run_events', 'run_control', 'queue_changed', 'catalog_changed', 'token_revoked'] as const
export type Channel = (typeof channels)[number]

type Listener = (payload: string) => void

/** What one process hears of the others, over one listening connection. */
export interface Notifications {
  /** Calls the listener for each notification. Returns the function that ends it. */
  on(channel: Channel, listener: Listener): () => void
  /**
   * Calls the listener after each reconnection: what was said meanwhile is lost, so that whoever keeps
   * something in memory must look again.
   */
  onReconnected(listener: () => void): () => void
  close(): Promise<void>
}

/** The SQL that says something, for `$executeRaw` inside the transaction that it speaks of. */
export const notifySql = 'SELECT pg_notify($1, $2)'

const reconnectDelayMs = 250

export async function listenForNotifications(url: string, logger: Logger): Promise<Notifications> {
  const listeners = new Map<string, Set<Listener>>()
  const reconnected = new Set<() => void>()
  let client: pg.Client | undefined
  let closed = false
  let timer: NodeJS.Timeout | undefined

  async function open() {
    const next = await connect(url, { keepAlive: true, application_name: 'lyceum-listen' })
    next.on('error', error => {
      logger.warn({ error: error.message }, 'The listening connection broke')
      lost(next)
    })
    next.on('end', () => lost(next))
    next.on('notification', message => {
      for (const listener of [...(listeners.get(message.channel) ?? [])]) listener(message.payload ?? '')
    })
    for (const channel of channels) {
      await next.query(`LISTEN ${channel}`)
    }
    client = next
  }

  function lost(which: pg.Client) {
    if (closed || client !== which) return
    client = undefined
    which.end().catch(() => {})
    reconnect()
  }

  function reconnect() {
    timer = setTimeout(async () => {
      try {
        await open()
        logger.info('The listening connection is back')
        for (const listener of [...reconnected]) listener()
      } catch {
        if (!closed) reconnect()
      }
    }, reconnectDelayMs)
  }

  await open()
  return {
    on(channel, listener) {
      const set = listeners.get(channel) ?? new Set()
      listeners.set(channel, set.add(listener))
      return () => set.delete(listener)
    },
    onReconnected(listener) {
      reconnected.add(listener)
      return () => reconnected.delete(listener)
    },
    async close() {
      closed = true
      clearTimeout(timer)
      await client?.end().catch(() => {})
    },
  }
}
