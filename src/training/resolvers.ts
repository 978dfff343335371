import { z } from 'zod'
import type { Actor } from '../identity/contract.js'
import { architectures } from '../networks/architectures/index.js'
import { pageInput, toConnection } from '../platform/pagination.js'
import { parseInput } from '../platform/parse.js'
import { datasets } from './datasets.js'
import { unavailableReason } from './lab-availability.js'
import { type StoredEvent, untilLeft } from './run-feed.js'
import type { RunList, RunService } from './run-service.js'
import type { RunView } from './run-view.js'
import { eventNumber, eventPage, launchInput, predictionInput, runId } from './schemas.js'

interface Context {
  readonly actor: Actor
}
/** The fields that training reads of the catalog's labs. */
interface LabParent {
  readonly id: string
  readonly spec: unknown
}

const launchArgs = z.object({ input: launchInput })
const predictArgs = predictionInput.extend({ runId })
const watchArgs = z.object({ runId, after: eventNumber })

/** GraphQL in, service out. */
export function trainingResolvers(service: RunService) {
  return {
    Query: {
      trainingRun: async (_root: unknown, { id }: { id: string }, { actor }: Context) =>
        (await service.findRun(actor, id)) ?? null,
      myRuns: async (_root: unknown, args: unknown, { actor }: Context) =>
        connect(await service.listRuns(actor, parseInput(pageInput, args))),
      architectures: () => architectures,
      datasets: () => datasets,
      networkSummary: (_root: unknown, args: unknown, { actor }: Context) =>
        service.summarizeNetwork(actor, parseInput(launchArgs, args).input),
    },
    Mutation: {
      launchRun: (_root: unknown, args: unknown, { actor }: Context) =>
        service.launchRun(actor, parseInput(launchArgs, args).input),
      cancelRun: (_root: unknown, { id }: { id: string }, { actor }: Context) => service.cancelRun(actor, id),
      async deleteRun(_root: unknown, { id }: { id: string }, { actor }: Context) {
        await service.deleteRun(actor, id)
        return id
      },
      predict(_root: unknown, args: unknown, { actor }: Context) {
        const { runId, image } = parseInput(predictArgs, args)
        return service.predict(actor, runId, { image })
      },
    },
    Subscription: {
      runEvents: {
        async subscribe(_root: unknown, args: unknown, { actor }: Context) {
          const { runId, after } = parseInput(watchArgs, args)
          const left = new AbortController()
          const { events } = await service.watchRun(actor, runId, after, left.signal)
          return untilLeft(published(events), left)
        },
      },
    },
    Lab: {
      available: (lab: LabParent) => unavailableReason(lab.spec) === null,
      unavailableReason: (lab: LabParent) => unavailableReason(lab.spec),
      runs: async (lab: LabParent, args: unknown, { actor }: Context) =>
        actor.kind === 'anonymous'
          ? null
          : connect(await service.listLabRuns(actor, lab.id, parseInput(pageInput, args))),
    },
    TrainingRun: {
      async events(run: RunView, args: unknown, { actor }: Context) {
        const { first, after } = parseInput(eventPage, args)
        return service.listEvents(actor, run.id, after, first)
      },
    },
    RunEvent: {
      type: ({ event }: StoredEvent) => event.type,
      data: ({ event }: StoredEvent) => event,
    },
  }
}

function connect({ page, totalCount }: RunList) {
  return toConnection(page, run => run.id, totalCount)
}

async function* published(events: AsyncGenerator<StoredEvent, void, undefined>) {
  for await (const runEvents of events) yield { runEvents }
}
