import { z } from 'zod'
import type { RestInstance } from '../../platform/http.js'
import { forUsers } from '../../platform/openapi-route.js'
import { pageInput, pageOf } from '../../platform/pagination.js'
import { networkSummary } from '../spec/network-summary.js'
import { launchHeaders, withKeyOf } from './launch-key.js'
import {
  curveBody,
  curveQuery,
  eventBody,
  eventPage,
  labId,
  launchInput,
  modelFile,
  priorityInput,
  runBody,
  runId,
} from './run-schemas.js'
import type { RunService } from './run-service.js'

const tags = ['Training']
const security = forUsers
const oneRun = z.object({ id: runId })

/** REST in, service out. */
export function trainingRoutes(service: RunService) {
  return (rest: RestInstance) => {
    rest.post(
      '/runs',
      {
        schema: {
          summary: 'Launch a training run',
          operationId: 'launchRun',
          description:
            'From a spec, or from a lab with what shall differ from its own spec. Send an Idempotency-Key, ' +
            'so that a repeat after a lost answer launches nothing.',
          tags,
          security,
          headers: launchHeaders,
          body: launchInput,
          response: { 201: runBody },
        },
      },
      async (request, reply) => {
        const run = await service.launchRun(request.actor, withKeyOf(request))
        return reply.code(201).header('location', `/api/v1/runs/${run.id}`).send(run)
      },
    )

    rest.post(
      '/networks/summary',
      {
        schema: {
          summary: 'What a run would train, and what that would cost',
          operationId: 'summarizeNetwork',
          description:
            'Takes what a launch takes, and launches nothing: the network of the spec, or of the lab, with the ' +
            'shapes, parameters and multiply-adds of its layers, and an estimate of the memory of its training.',
          tags,
          security,
          body: launchInput,
          response: { 200: networkSummary },
        },
      },
      request => service.summarizeNetwork(request.actor, request.body),
    )

    rest.get(
      '/runs',
      {
        schema: {
          summary: 'Your own runs, the newest first',
          operationId: 'listMyRuns',
          tags,
          security,
          querystring: pageInput,
          response: { 200: pageOf(runBody) },
        },
      },
      async request => sendable((await service.listRuns(request.actor, request.query)).page),
    )

    rest.get(
      '/labs/:id/runs',
      {
        schema: {
          summary: 'The runs of a lab that you may see, the newest first',
          operationId: 'listLabRuns',
          tags,
          security,
          params: z.object({ id: labId }),
          querystring: pageInput,
          response: { 200: pageOf(runBody) },
        },
      },
      async ({ actor, params, query }) => sendable((await service.listLabRuns(actor, params.id, query)).page),
    )

    rest.get(
      '/runs/:id',
      {
        schema: {
          summary: 'A run',
          operationId: 'getRun',
          tags,
          security,
          params: oneRun,
          response: { 200: runBody },
        },
      },
      request => service.getRun(request.actor, request.params.id),
    )

    rest.post(
      '/runs/:id/cancel',
      {
        schema: {
          summary: 'Ask a run to end',
          operationId: 'cancelRun',
          description: 'A run that waits is cancelled at once, one that trains after the step in progress.',
          tags,
          security,
          params: oneRun,
          response: { 200: runBody },
        },
      },
      request => service.cancelRun(request.actor, request.params.id),
    )

    rest.post(
      '/runs/:id/pause',
      {
        schema: {
          summary: 'Pause a run',
          operationId: 'pauseRun',
          description:
            'A run that waits is paused at once; one that trains leaves its worker after the step in progress, ' +
            'with a checkpoint to go on from.',
          tags,
          security,
          params: oneRun,
          response: { 200: runBody },
        },
      },
      request => service.pauseRun(request.actor, request.params.id),
    )

    rest.post(
      '/runs/:id/resume',
      {
        schema: {
          summary: 'Queue a paused run, which goes on where it was paused',
          operationId: 'resumeRun',
          tags,
          security,
          params: oneRun,
          response: { 200: runBody },
        },
      },
      request => service.resumeRun(request.actor, request.params.id),
    )

    rest.put(
      '/runs/:id/priority',
      {
        schema: {
          summary: 'Give a run that waits another priority',
          operationId: 'setRunPriority',
          description:
            "HIGH, NORMAL or LOW among its owner's runs; URGENT, before everybody's, by an admin alone.",
          tags,
          security,
          params: oneRun,
          body: priorityInput,
          response: { 200: runBody },
        },
      },
      ({ actor, params, body }) => service.setRunPriority(actor, params.id, body.priority),
    )

    rest.delete(
      '/runs/:id',
      {
        schema: {
          summary: 'Delete a run that has ended, with its events and its model',
          operationId: 'deleteRun',
          description: 'Unless runs that have not ended begin with its model.',
          tags,
          security,
          params: oneRun,
          response: { 204: z.void() },
        },
      },
      async (request, reply) => {
        await service.deleteRun(request.actor, request.params.id)
        return reply.code(204).send()
      },
    )

    rest.get(
      '/runs/:id/history',
      {
        schema: {
          summary: 'A page of the events that a run has had',
          operationId: 'listRunEvents',
          description: "Those with a number above 'after', in order.",
          tags,
          security,
          params: oneRun,
          querystring: eventPage,
          response: { 200: z.object({ items: z.array(eventBody) }) },
        },
      },
      async ({ actor, params, query }) => ({
        items: await service.listEvents(actor, params.id, query.after, query.first),
      }),
    )

    rest.get(
      '/runs/:id/curve',
      {
        schema: {
          summary: 'What a chart of a run draws: the metrics of its steps and epochs',
          operationId: 'getRunCurve',
          description:
            'Without what was lost with a worker. Steps are thinned, their ends and extremes kept; the items are ' +
            "the data of events of the types 'step' and 'epoch'.",
          tags,
          security,
          params: oneRun,
          querystring: curveQuery,
          response: { 200: curveBody },
        },
      },
      ({ actor, params, query }) => service.readCurve(actor, params.id, query.maxPoints),
    )

    rest.get(
      '/runs/:id/model/:file',
      {
        schema: {
          summary: 'A file of the trained model, a tfjs LayersModel',
          operationId: 'getModelFile',
          tags,
          security,
          params: oneRun.extend({ file: modelFile }),
          produces: ['application/json', 'application/octet-stream'],
        },
      },
      async ({ actor, params }, reply) => {
        const { size, stream } = await service.openModelFile(actor, params.id, params.file)
        const type = params.file === 'model.json' ? 'application/json' : 'application/octet-stream'
        return reply.type(type).header('content-length', size).send(stream)
      },
    )
  }
}

/** What a schema made mutable: a response is only read. */
function sendable<Item, Info>(page: { items: readonly Item[]; pageInfo: Info }) {
  return { items: [...page.items], pageInfo: page.pageInfo }
}
