import type { FailureReport } from '../../src/training/contract.js'
import { DatasetError } from '../datasets/dataset.js'
import { EngineUnavailableError } from '../engines/engine.js'

/** A run or a prediction cannot go on, for a reason that is known. */
export class Failure extends Error {
  override name = 'Failure'
  readonly report: FailureReport

  constructor(report: FailureReport) {
    super(report.message)
    this.report = report
  }
}

/** The loss is no longer a number: nothing that follows can be learned. */
export function diverged(where: string): Failure {
  return new Failure({
    code: 'TRAINING_DIVERGED',
    message: `The loss was no longer a finite number ${where}.`,
    hint: 'Lower the learning rate; ten times smaller is a good first try.',
    fault: 'spec',
  })
}

const systemErrors: Record<string, string> = {
  ENOSPC: 'Free some disk space, then run it again.',
  EACCES: 'Let the worker write to its storage directory.',
  EROFS: 'Let the worker write to its storage directory.',
  EMFILE: 'Raise the limit of open files of the worker.',
}

/** Whatever went wrong, in words for whoever started the run. */
export function describeFailure(error: unknown): FailureReport {
  if (error instanceof Failure) return error.report
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof EngineUnavailableError) {
    const hint = "Launch the run with engine 'auto', or on a worker that has this engine."
    return { code: 'ENGINE_UNAVAILABLE', message, hint, fault: 'machine' }
  }
  if (error instanceof DatasetError) {
    const hint = 'Reinstall the packages on the worker’s machine (npm ci), then run it again.'
    return { code: 'DATASET_UNREADABLE', message, hint, fault: 'machine' }
  }
  const systemCode = error instanceof Error && 'code' in error ? String(error.code) : ''
  const systemHint = systemErrors[systemCode]
  if (systemHint) return { code: systemCode, message, hint: systemHint, fault: 'machine' }
  if (/out of memory|cannot enlarge memory|array buffer allocation failed|OOM/i.test(message)) {
    const hint = 'Use a smaller batch size, or a machine with more memory.'
    return { code: 'OUT_OF_MEMORY', message, hint, fault: 'machine' }
  }
  const hint = 'This is a fault of Lyceum; the worker’s log has the details.'
  return { code: 'TRAINER_FAILED', message, hint, fault: 'lyceum' }
}
