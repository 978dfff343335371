import {
  type ChildReport,
  childCommand,
  type ModelCommand,
  type TrainCommand,
  type TrainerEvent,
} from '../../src/training/contract.js'
import { Checkpoints, PausedError } from './checkpoints.js'
import { describeFailure } from './failure.js'
import { Predictor } from './predictor.js'
import { runTraining } from './run-training.js'
import { timeStages, untimed } from './stages.js'

/**
 * The child process of one run, or of predictions. It speaks with its supervisor alone, over Node's IPC channel,
 * and leaves when that closes.
 */
const stopping = new AbortController()
let checkpoints: Checkpoints | undefined
/** Asked for before the training had begun. */
let pausing = false
const predictor = new Predictor()
let training = false
/** One after another: they share one engine, and a burst must not fill its heap. */
let predictions: Promise<void> = Promise.resolve()

process.on('disconnect', () => process.exit())
// A terminal's Ctrl-C and a service manager's SIGTERM reach this process too: its worker decides how it ends.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
process.on('message', message => {
  const { data: command, error } = childCommand.safeParse(message)
  if (error) {
    const report = { code: 'COMMAND_INVALID', message: error.message, hint: 'Supervisor and trainer differ.' }
    return end({ kind: 'failed', ...report, fault: 'lyceum' })
  }
  switch (command.kind) {
    case 'train':
      // A doubled command must not start a second training in the same process.
      if (training) return
      training = true
      return void runToEnd(command)
    case 'stop':
      stopping.abort()
      // While a training is under way the loop hears it and answers.
      return training ? undefined : end({ kind: 'stopped' })
    case 'pause':
      pausing = true
      return training ? checkpoints?.pause() : end({ kind: 'stopped' })
    case 'checkpointTaken':
      return checkpoints?.taken()
    case 'predict':
    case 'drawFilters':
    case 'drawFeatureMaps':
      predictions = predictions.then(async () => {
        const { id } = command
        try {
          send(await answerQuestion(command))
        } catch (error) {
          logUnlessKnown(error)
          send({ kind: 'predictionFailed', id, ...describeFailure(error) })
        }
      })
  }
})

async function runToEnd(command: TrainCommand): Promise<void> {
  try {
    const emit = (event: TrainerEvent) => send({ kind: 'event', event })
    const files = await runTraining(
      command,
      emit,
      begin => openCheckpoints(command, begin),
      stopping.signal,
      command.traced ? timeStages(send) : untimed,
    )
    end({ kind: 'finished', files })
  } catch (error) {
    if (stopping.signal.aborted || error instanceof PausedError) return end({ kind: 'stopped' })
    logUnlessKnown(error)
    end({ kind: 'failed', ...describeFailure(error) })
  }
}

async function answerQuestion(command: ModelCommand): Promise<ChildReport> {
  const { id } = command
  if (command.kind === 'predict')
    return { kind: 'prediction', id, predictions: await predictor.predict(command) }
  const png =
    command.kind === 'drawFilters'
      ? await predictor.drawFilters(command)
      : await predictor.drawFeatureMaps(command)
  return { kind: 'drawing', id, png: png.toString('base64') }
}

function openCheckpoints(
  { outputDirectory, checkpointSeconds }: TrainCommand,
  begin: { step: number; epoch: number },
): Checkpoints {
  checkpoints = new Checkpoints(
    {
      directory: outputDirectory,
      everySeconds: checkpointSeconds,
      report: checkpoint => send({ kind: 'checkpoint', ...checkpoint }),
      reportFailure: (step, reason) =>
        send({ kind: 'event', event: { type: 'checkpointFailed', step, reason } }),
    },
    begin,
  )
  if (pausing) checkpoints.pause()
  return checkpoints
}

function send(report: ChildReport): void {
  // A worker that was killed hears nothing more; without the callback the failed write would end in a crash.
  process.send?.(report, error => {
    if (error) process.exit()
  })
}

/** The last report: the process leaves when it is on its way. */
function end(report: ChildReport): void {
  process.send?.(report, () => process.exit())
}

/** What the report can only call a fault of ours goes to the worker's log whole. */
function logUnlessKnown(error: unknown): void {
  if (describeFailure(error).fault === 'lyceum') console.error(error)
}
