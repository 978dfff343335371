import { z } from 'zod'
import type { Actor } from '../../identity/contract.js'
import type { Dependencies } from '../../platform/dependencies.js'
import { modelMissing, predictionFailed } from '../errors.js'
import { requireRunReader } from '../policy.js'
import type { ModelAsker } from './ask-model.js'
import type { ModelPrediction, PredictionImage } from './child-protocol.js'
import { getVisibleRun } from './run-access.js'
import type { BatchedPrediction, Prediction } from './run-schemas.js'

const finishedResult = z.object({ classNames: z.array(z.string()) })

export type PredictionService = ReturnType<typeof createPredictionService>

/** Images recognised with the models of runs, in a worker. Who may see a run may use its model. */
export function createPredictionService({ database }: Pick<Dependencies, 'database'>, models: ModelAsker) {
  return { predict, predictBatch }

  /**
   * Recognises an image.
   * @throws NOT_FOUND, RUN_MODEL_MISSING, PREDICTION_FAILED, NO_WORKER_ANSWERED, UNAVAILABLE
   */
  async function predict(actor: Actor, id: string, image: PredictionImage): Promise<Prediction> {
    const { predictions, name } = await ask(actor, id, [image])
    const [prediction] = predictions
    if (prediction === undefined) throw new Error('each image has an answer')
    if ('failure' in prediction) throw refusal(prediction.failure)
    return { classes: name(prediction.probabilities) }
  }

  /**
   * Recognises several images, and says of each that cannot be recognised why not.
   * @throws NOT_FOUND, RUN_MODEL_MISSING, NO_WORKER_ANSWERED, UNAVAILABLE
   */
  async function predictBatch(
    actor: Actor,
    id: string,
    images: PredictionImage[],
  ): Promise<BatchedPrediction[]> {
    const { predictions, name } = await ask(actor, id, images)
    return predictions.map((prediction, index) =>
      'failure' in prediction
        ? { index, classes: null, problem: refusal(prediction.failure).message }
        : { index, classes: name(prediction.probabilities), problem: null },
    )
  }

  async function ask(actor: Actor, id: string, images: PredictionImage[]) {
    const row = await getVisibleRun(database, requireRunReader(actor), id)
    if (row.modelKey === null) throw modelMissing()
    const predictions = await models.predict(row.id, { kind: 'predict', images })
    const { classNames } = finishedResult.parse(row.result)
    const name = (probabilities: readonly number[]) =>
      probabilities.map((probability, i) => ({ name: classNames[i] ?? `${i}`, probability }))
    return { predictions, name }
  }
}

function refusal({ message, hint }: Extract<ModelPrediction, { failure: unknown }>['failure']) {
  return predictionFailed(`${message} ${hint}`)
}
