import { z } from 'zod'
import type { Resolvers } from '../../generated/graphql.js'
import { architectures } from '../../networks/architectures/index.js'
import { parsePage, toConnection } from '../../platform/pagination.js'
import { parseInput } from '../../platform/parse.js'
import type { ExportService } from '../models/export-service.js'
import { unavailableReason } from '../spec/lab-availability.js'
import type { PredictionService } from './prediction-service.js'
import { type StoredEvent, untilLeft } from './run-feed.js'
import {
  curveQuery,
  eventNumber,
  eventPage,
  launchInput,
  predictionBatchInput,
  predictionInput,
  runId,
} from './run-schemas.js'
import type { RunList, RunService } from './run-service.js'

const launchArgs = z.object({ input: launchInput })
const predictArgs = predictionInput.extend({ runId })
const predictBatchArgs = predictionBatchInput.extend({ runId })
const watchArgs = z.object({ runId, after: eventNumber })

/** GraphQL in, service out. */
export function trainingResolvers(
  service: RunService,
  exports: ExportService,
  predictions: PredictionService,
) {
  return {
    Query: {
      trainingRun: async (_root, { id }, { actor }) => (await service.findRun(actor, id)) ?? null,
      myRuns: async (_root, args, { actor }) => connect(await service.listRuns(actor, parsePage(args))),
      architectures: () => architectures,
      networkSummary: (_root, args, { actor }) =>
        service.summarizeNetwork(actor, parseInput(launchArgs, args).input),
    },
    Mutation: {
      launchRun: (_root, args, { actor }) => service.launchRun(actor, parseInput(launchArgs, args).input),
      cancelRun: (_root, { id }, { actor }) => service.cancelRun(actor, id),
      pauseRun: (_root, { id }, { actor }) => service.pauseRun(actor, id),
      resumeRun: (_root, { id }, { actor }) => service.resumeRun(actor, id),
      setRunPriority: (_root, { id, priority }, { actor }) => service.setRunPriority(actor, id, priority),
      async deleteRun(_root, { id }, { actor }) {
        await service.deleteRun(actor, id)
        return id
      },
      predict(_root, args, { actor }) {
        const { runId, image } = parseInput(predictArgs, args)
        return predictions.predict(actor, runId, image)
      },
      predictBatch(_root, args, { actor }) {
        const { runId, images } = parseInput(predictBatchArgs, args)
        return predictions.predictBatch(actor, runId, images)
      },
    },
    Subscription: {
      runEvents: {
        async subscribe(_root, args, { actor }) {
          const { runId, after } = parseInput(watchArgs, args)
          const left = new AbortController()
          const { events } = await service.watchRun(actor, runId, after, left.signal)
          return untilLeft(published(events), left)
        },
      },
    },
    Lab: {
      available: lab => unavailableReason(lab.spec) === null,
      unavailableReason: lab => unavailableReason(lab.spec),
      runs: async (lab, args, { actor }) =>
        actor.kind === 'anonymous'
          ? null
          : connect(await service.listLabRuns(actor, lab.id, parsePage(args))),
    },
    TrainingRun: {
      exports: (run, _args, { actor }) => exports.listExports(actor, run.id),
      async events(run, args, { actor }) {
        const { first, after } = parseInput(eventPage, args)
        return service.listEvents(actor, run.id, after, first)
      },
      curve: (run, args, { actor }) =>
        service.readCurve(actor, run.id, parseInput(curveQuery, args).maxPoints),
      checkpoints: (run, _args, { actor }) => service.listCheckpoints(actor, run.id),
    },
    RunEvent: {
      type: ({ event }) => event.type,
      data: ({ event }) => event,
    },
  } satisfies Resolvers
}

function connect({ page, totalCount }: RunList) {
  return toConnection(page, run => run.id, totalCount)
}

async function* published(events: AsyncGenerator<StoredEvent, void, undefined>) {
  for await (const runEvents of events) yield { runEvents }
}
