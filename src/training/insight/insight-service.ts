import type { Actor } from '../../identity/contract.js'
import type { Dependencies } from '../../platform/dependencies.js'
import type { PageInput } from '../../platform/pagination.js'
import { requireRunEditor, requireRunReader } from '../policy.js'
import type { RunView } from '../runs/run-view.js'
import type { RunFilter, RunSort } from './run-filter.js'
import { type RunRecord, updateRecord } from './run-record.js'
import { type FoundRuns, searchRuns } from './run-search.js'

export type InsightService = ReturnType<typeof createInsightService>

/** What is learnt from many runs. What an actor may not see is answered like what does not exist. */
export function createInsightService({ database }: Pick<Dependencies, 'database'>) {
  return { search, updateRun }

  /** @throws what `requireRunEditor` and `updateRecord` throw */
  async function updateRun(actor: Actor, id: string, change: RunRecord): Promise<RunView> {
    return updateRecord(database, requireRunEditor(actor), id, change)
  }

  async function search(
    actor: Actor,
    asked: { filter: RunFilter; sort: RunSort },
    page: PageInput,
  ): Promise<FoundRuns> {
    return searchRuns(database, requireRunReader(actor), asked, page)
  }
}
