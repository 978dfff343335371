import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ChildReport, childCommand, type TrainerEvent } from '../../src/training/contract.js'
import { startedEvent } from './started-event.js'

/** A child process that speaks the trainer's protocol and behaves as the spec's architecture is called. */
const send = (report: ChildReport) => process.send?.(report)
const event = (event: TrainerEvent) => send({ kind: 'event', event })
const end = (report: ChildReport) => process.send?.(report, () => process.exit())
let ignoresStop = false

process.on('disconnect', () => process.exit())
process.on('message', message => {
  const command = childCommand.parse(message)
  if (command.kind === 'stop' && !ignoresStop) return end({ kind: 'stopped' })
  if (command.kind === 'predict') {
    const predictions = command.images.map(() => ({ probabilities: [0.25, 0.75] }))
    return send({ kind: 'prediction', id: command.id, predictions })
  }
  if (command.kind !== 'train') return
  event(startedEvent)
  for (let step = 1; step <= 3; step++) {
    event({ type: 'step', epoch: 1, step, loss: 1 / step, accuracy: 0.5, imagesPerSecond: 10 })
  }
  switch (command.spec.architecture) {
    case 'finishes':
      return finish(command.outputDirectory, ['model.json'])
    case 'escapes':
      return finish(command.outputDirectory, ['../model.json'])
    case 'finishes-second':
      return command.attempt === 1 ? waitForever() : finish(command.outputDirectory, ['model.json'])
    case 'crashes':
      return process.exit(3)
    case 'is-killed':
      return process.kill(process.pid, 'SIGKILL')
    case 'talks-garbage':
      process.send?.({ kind: 'nonsense' })
      return waitForever()
    case 'fails':
      return end({
        kind: 'failed',
        code: 'DIVERGED',
        message: 'No number.',
        hint: 'Go slower.',
        fault: 'spec',
      })
    case 'ignores-stop':
      ignoresStop = true
  }
  waitForever()
})

function finish(directory: string, files: string[]) {
  writeFileSync(join(directory, 'model.json'), '{}')
  event({
    type: 'finished',
    testLoss: 0.5,
    testAccuracy: 0.9,
    confusionMatrix: [[1]],
    classNames: ['a'],
    seconds: 1,
    imagesPerSecond: 10,
    engine: 'stand-in',
    device: 'none',
  })
  end({ kind: 'finished', files })
}

function waitForever() {
  setInterval(() => {}, 1_000)
}
