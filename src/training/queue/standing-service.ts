import type { Actor } from '../../identity/contract.js'
import type { Dependencies } from '../../platform/dependencies.js'
import { oneAtATime } from '../../platform/one-at-a-time.js'
import { requireRunReader } from '../policy.js'
import { findVisibleRun, getVisibleRun } from '../runs/run-access.js'
import { viewRun } from '../runs/run-view.js'
import { type Place, readPlaces } from './queue-snapshot.js'
import { describeStanding, type Standing } from './standing.js'

/** While somebody watches, places are read anew so often: a worker that was killed tells nobody. */
const lookAgainMs = 10_000
/** Of many changes within so long watchers see the last. */
const gatherMs = 100

export type StandingService = ReturnType<typeof createStandingService>

/**
 * Where queued runs stand. A process reads the places of all runs at once, after a change and only where somebody
 * asks: however many watch, it is one reading.
 */
export function createStandingService({
  database,
  notifications,
}: Pick<Dependencies, 'database' | 'notifications'>) {
  let places: ReadonlyMap<string, Place> = new Map()
  let isTrusted = false
  const bells = new Set<() => void>()
  const distrust = () => {
    isTrusted = false
    for (const ring of [...bells]) ring()
  }
  const takeDown = [notifications.on('queue_changed', distrust), notifications.onReconnected(distrust)]
  const refresh = oneAtATime(async () => {
    if (isTrusted) return
    // Before reading: a change meanwhile takes the trust away again.
    isTrusted = true
    try {
      places = await readPlaces(database)
    } catch (error) {
      isTrusted = false
      throw error
    }
  })

  return {
    findStanding,
    watchStanding,
    close() {
      for (const end of takeDown) end()
      distrust()
    },
  }

  /** Null where the run is not queued. @throws NOT_FOUND */
  async function findStanding(actor: Actor, id: string): Promise<Standing | null> {
    const { status, ...run } = viewRun(await getVisibleRun(database, requireRunReader(actor), id))
    return status === 'QUEUED' ? describeStanding(run, await findPlace(run.id)) : null
  }

  /**
   * Where the run stands now, and again whenever that changes; ends when it is queued no more, or `signal` is
   * aborted.
   *
   * @throws NOT_FOUND
   */
  async function watchStanding(actor: Actor, id: string, signal: AbortSignal) {
    const user = requireRunReader(actor)
    await getVisibleRun(database, user, id)
    return watch()

    async function* watch(): AsyncGenerator<Standing, void, undefined> {
      let told: string | undefined
      while (!signal.aborted) {
        // Hung before reading: what changes meanwhile rings.
        const changed = rung(signal)
        const row = await findVisibleRun(database, user, id)
        if (row?.status !== 'QUEUED') return
        const standing = describeStanding(viewRun(row), await findPlace(row.id))
        const text = JSON.stringify(standing)
        if (text !== told) yield standing
        told = text
        await changed
      }
    }
  }

  async function findPlace(runId: string): Promise<Place | undefined> {
    await refresh()
    return places.get(runId)
  }

  /** Resolves some moments after the next change. */
  function rung(signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      let gathering: NodeJS.Timeout | undefined
      const ring = () => {
        gathering ??= setTimeout(end, signal.aborted ? 0 : gatherMs)
      }
      const timer = setTimeout(() => {
        isTrusted = false
        end()
      }, lookAgainMs)
      const end = () => {
        bells.delete(ring)
        signal.removeEventListener('abort', end)
        clearTimeout(timer)
        clearTimeout(gathering)
        resolve()
      }
      bells.add(ring)
      signal.addEventListener('abort', end)
      if (signal.aborted) end()
    })
  }
}
