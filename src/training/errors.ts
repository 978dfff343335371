import type { MachineClass, QuotaSubject, RunStatus } from '../generated/prisma/enums.js'
import { defineError } from '../platform/errors.js'
import { isFinal } from './runs/run-states.js'
import type { SpecProblem } from './spec/training-spec.js'

export const specImpossible = defineError('RUN_SPEC_IMPOSSIBLE', 422, (problems: readonly SpecProblem[]) => ({
  message: problems.map(problem => `spec.${problem.field}: ${problem.message}`).join(' '),
  details: { problems: problems.map(({ field, ...problem }) => ({ path: `spec.${field}`, ...problem })) },
}))

export const tooManyRuns = defineError('RUN_TOO_MANY', 429, (of: QuotaSubject, most: number) => ({
  message: `${of === 'USER' ? 'You have' : 'The course has'} ${most} runs that wait or are paused: wait until one is trained, or cancel one.`,
  details: { most },
}))

export const labRequired = defineError(
  'RUN_LAB_REQUIRED',
  403,
  () => 'Students launch the labs of their courses alone: name one by labId.',
)

export const labClosed = defineError(
  'RUN_LAB_CLOSED',
  403,
  () => 'The course lets no student launch this lab: ask its instructor.',
)

export const labNotEnrolled = defineError('RUN_NOT_ENROLLED', 403, (courseId: string) => ({
  message: 'Only who is enrolled in the course may launch its labs: enrol first.',
  details: { courseId },
}))

export const gpuClosed = defineError(
  'RUN_GPU_CLOSED',
  403,
  () => 'The course gives its students no seconds on a GPU: take another engine.',
)

export const budgetSpent = defineError(
  'RUN_BUDGET_SPENT',
  429,
  (machineClass: MachineClass, resetsAt: Date) => ({
    message:
      `The seconds ${machineClass === 'GPU' ? 'on a GPU' : 'of training'} that the course gives you a day are spent: ` +
      `launch again after ${resetsAt.toISOString()}.`,
    details: { resetsAt },
  }),
)

export const priorityFixed = defineError(
  'RUN_PRIORITY_FIXED',
  409,
  () => 'The run does not wait any more: its priority means nothing now.',
)

export const runKeyReused = defineError(
  'RUN_IDEMPOTENCY_KEY_REUSED',
  409,
  () => 'This idempotency key belongs to another run: use a new key to launch a different one.',
)

export const runKeysDiffer = defineError(
  'RUN_IDEMPOTENCY_KEYS_DIFFER',
  400,
  () => 'The Idempotency-Key header and idempotencyKey in the body differ: send one of them.',
)

export const runHasEnded = defineError(
  'RUN_HAS_ENDED',
  409,
  () => 'The run has ended: there is nothing to cancel.',
)

export const runNotPausable = defineError('RUN_NOT_PAUSABLE', 409, (status: RunStatus) =>
  isFinal(status) ? 'The run has ended: there is nothing to pause.' : 'The run is about to be cancelled.',
)

export const runNotPaused = defineError(
  'RUN_NOT_PAUSED',
  409,
  (status: RunStatus) => `Only a paused run can be resumed; this one is ${status}.`,
)

export const runNotEnded = defineError(
  'RUN_NOT_ENDED',
  409,
  () => 'The run has not ended: cancel it first, and delete it when it has.',
)

export const runModelInUse = defineError('RUN_MODEL_IN_USE', 409, (runs: number) => ({
  message:
    `Runs that have not ended begin with the run's model (${runs}): wait for their end or cancel them, ` +
    'then delete it.',
  details: { runs },
}))

export const modelMissing = defineError(
  'RUN_MODEL_MISSING',
  409,
  () => 'The run has no model: only one that succeeded or ran out of its time leaves one.',
)

export const resultMissing = defineError(
  'RUN_RESULT_MISSING',
  409,
  () => 'The run has no result: only one that succeeded or ran out of its time leaves one.',
)

export const layerUnknown = defineError(
  'RUN_LAYER_UNKNOWN',
  422,
  (layer: string, layers: readonly string[]) => ({
    message:
      layers.length > 0
        ? `The model has no layer '${layer}' whose output is an image: take one of ${listNames(layers)}.`
        : 'The model has no layer whose output is an image.',
    details: { layers },
  }),
)

export const convolutionMissing = defineError(
  'RUN_CONVOLUTION_MISSING',
  409,
  () => 'The model has no convolution that sees an image of one or three channels.',
)

export const drawingTooLarge = defineError(
  'RUN_DRAWING_TOO_LARGE',
  422,
  (layer: string, channels: number) =>
    `The ${channels} channels of '${layer}' are too many or too large to be drawn side by side: take a later layer, or ` +
    'one with fewer channels.',
)

export const testPredictionsMissing = defineError(
  'RUN_TEST_PREDICTIONS_MISSING',
  409,
  () => 'What the run’s model said of each test image was not kept: run it again to see it.',
)

export const testImageNotKept = defineError(
  'RUN_TEST_IMAGE_NOT_KEPT',
  409,
  () => 'This test image was not kept, or was deleted with its dataset: take one that has an imageUrl.',
)

export const leaderboardOff = defineError(
  'LEADERBOARD_OFF',
  404,
  () => 'The course of this lab shows no leaderboards: its author may switch them on in course.yaml.',
)

export const exportImpossible = defineError(
  'RUN_EXPORT_IMPOSSIBLE',
  422,
  (reason: string) => `The model cannot be had in this format. ${reason}`,
)

export const predictionFailed = defineError(
  'PREDICTION_FAILED',
  422,
  (reason: string) => `The image could not be recognised: ${reason}`,
)

export const tooManyDatasets = defineError('DATASET_TOO_MANY', 409, (most: number) => ({
  message: `You have ${most} datasets: delete one first.`,
  details: { most },
}))

export const datasetQuotaFull = defineError(
  'DATASET_QUOTA_FULL',
  409,
  (quota: number, used: number, bytes: number) => ({
    message:
      `Your datasets take ${used} of ${quota} bytes, and this one takes ${bytes} while it is read: ` +
      'delete one first.',
    details: { quota, used },
  }),
)

export const datasetInUse = defineError('DATASET_IN_USE', 409, (runs: number) => ({
  message:
    `Runs that have not ended train on the dataset (${runs}): wait for their end or cancel them, ` +
    'then delete it.',
  details: { runs },
}))

export const modelRefused = defineError(
  'MODEL_REFUSED',
  422,
  (reason: string) => `The model cannot be imported. ${reason}`,
)

export const tooManyModels = defineError('MODEL_TOO_MANY', 409, (most: number) => ({
  message: `You have ${most} imported models: delete one first.`,
  details: { most },
}))

export const modelQuotaFull = defineError(
  'MODEL_QUOTA_FULL',
  409,
  (quota: number, used: number, bytes: number) => ({
    message: `Your imported models take ${used} of ${quota} bytes, and this one takes ${bytes}: delete one first.`,
    details: { quota, used },
  }),
)

export const modelInUse = defineError('MODEL_IN_USE', 409, (runs: number) => ({
  message: `Runs that have not ended begin with the model (${runs}): wait for their end or cancel them, then delete it.`,
  details: { runs },
}))

export const previewMissing = defineError(
  'DATASET_PREVIEW_MISSING',
  409,
  () => 'The dataset has no preview: only one that was uploaded has, once its state is READY.',
)

/** The first few: a deep network has hundreds of layers. */
function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 10).map(name => `'${name}'`)
  return names.length > shown.length ? `${shown.join(', ')} …` : shown.join(', ')
}
