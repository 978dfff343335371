import { randomUUID } from 'node:crypto'
import type { Dependencies } from '../../platform/dependencies.js'
import { LyceumError, unavailable } from '../../platform/errors.js'
import { predictionFailed } from '../errors.js'
import type { ModelQuestion } from './child-protocol.js'
import { type ModelAnswer, type ModelRequest, modelAnswer, predictionQueue } from './predictions.js'

type Parts = Pick<Dependencies, 'courier' | 'logger'>
type Answer<Kind extends 'predictions' | 'png'> = Extract<ModelAnswer, Record<Kind, unknown>>[Kind]

export type ModelAsker = ReturnType<typeof createModelAsker>

/** Asks the workers about the models of runs: the API itself computes nothing. */
export function createModelAsker({ courier, logger }: Parts, timeoutMs = 30_000) {
  const queue = courier.queue<ModelRequest>(predictionQueue)
  return { predict, draw }

  /**
   * One prediction for each image, in their order.
   * @throws NO_WORKER_ANSWERED, UNAVAILABLE
   */
  async function predict(
    runId: string,
    question: Extract<ModelQuestion, { kind: 'predict' }>,
  ): Promise<Answer<'predictions'>> {
    const answer = await ask({ runId, question })
    if ('predictions' in answer) return answer.predictions
    throw misunderstood()
  }

  /**
   * The bytes of a PNG.
   * @throws PREDICTION_FAILED, NO_WORKER_ANSWERED, UNAVAILABLE
   */
  async function draw(runId: string, question: Exclude<ModelQuestion, { kind: 'predict' }>): Promise<Buffer> {
    const answer = await ask({ runId, question })
    if ('png' in answer) return Buffer.from(answer.png, 'base64')
    throw misunderstood()
  }

  async function ask(request: ModelRequest): Promise<Exclude<ModelAnswer, { failure: unknown }>> {
    const answer = modelAnswer.parse(await send(request))
    if (!('failure' in answer)) return answer
    const { fault, message, hint } = answer.failure
    if (fault !== 'spec') throw unavailable(`${message} ${hint}`)
    throw predictionFailed(`${message} ${hint}`)
  }

  async function send(request: ModelRequest): Promise<unknown> {
    try {
      return await queue.ask(randomUUID(), request, timeoutMs)
    } catch (error) {
      const { runId, question } = request
      logger.warn({ err: error, runId, question: question.kind }, 'A question to a model was not answered')
      if (error instanceof LyceumError) throw error
      throw unavailable('No worker could ask the model.')
    }
  }
}

function misunderstood(): LyceumError {
  return unavailable('The worker has answered something else: it is of another version.')
}
