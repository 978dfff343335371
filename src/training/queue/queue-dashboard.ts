import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { Queue } from 'bullmq'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { requireScope } from '../../identity/contract.js'
import { pagePolicy } from '../../platform/http.js'
import { datasetQueue } from '../datasets/dataset-ledger.js'
import { exportQueue } from '../models/model-exports.js'
import { predictionQueue } from '../runs/predictions.js'
import { trainingQueues } from './queue-names.js'
import { ReadOnlyBoard } from './read-only-board.js'

const basePath = '/admin/queues'

const names = [trainingQueues.CPU, trainingQueues.GPU, datasetQueue, predictionQueue, exportQueue]

/** What a job is about. The rest, such as an image that is to be recognised, is its sender's. */
const shown = z.object({ runId: z.string(), datasetId: z.string(), attempt: z.number() }).partial().catch({})

/** The page finds its parts below its own address. */
const boardPolicy = pagePolicy.replace("base-uri 'none'", "base-uri 'self'")

/** A dashboard of the queues for admins, to be looked at only: changes go through the API, which keeps the rows true. */
export async function queueDashboard(app: FastifyInstance): Promise<void> {
  const board = new ReadOnlyBoard(basePath)
  createBullBoard({
    queues: names.map(name => showQueue(app.deps.courier.inspect(name))),
    serverAdapter: board,
    options: { uiConfig: { boardTitle: 'Lyceum', hideDocsLink: true } },
  })
  await app.register(async scope => {
    scope.addHook('onRequest', async (request, reply) => {
      requireScope(request.actor, 'admin')
      reply.header('content-security-policy', boardPolicy)
    })
    await board.serve(scope)
  })
}

function showQueue(queue: object): BullMQAdapter {
  if (!(queue instanceof Queue)) throw new Error('The courier has queues of BullMQ')
  const adapter = new BullMQAdapter(queue, { readOnlyMode: true })
  adapter.setFormatter('data', data => shown.parse(data))
  adapter.setFormatter('returnValue', () => null)
  adapter.setFormatter('progress', () => 0)
  return adapter
}
