import t from 'tap'
import {
  finalStatuses,
  heldStatuses,
  runStatuses,
  statusesBefore,
} from '../../src/training/runs/run-states.js'

t.test('only succeeded, failed, cancelled and timed-out runs are over', async t => {
  t.strictSame(new Set(finalStatuses), new Set(['SUCCEEDED', 'FAILED', 'CANCELLED', 'TIMED_OUT']))
})

t.test('what is over stays so, and only what a worker holds comes to a result', async t => {
  const isOver = (status: (typeof runStatuses)[number]) => finalStatuses.includes(status)
  t.ok(runStatuses.every(next => !statusesBefore(next).some(isOver)))
  t.strictSame(statusesBefore('SUCCEEDED'), ['RUNNING'])
  for (const result of ['FAILED', 'TIMED_OUT'] as const) t.strictSame(statusesBefore(result), heldStatuses)
})

t.test('a run is cancelled from wherever it has not ended, and resumed only from its pause', async t => {
  t.strictSame(
    new Set(statusesBefore('CANCELLED')),
    new Set(runStatuses.filter(status => !finalStatuses.includes(status))),
  )
  t.strictSame(statusesBefore('STARTING'), ['QUEUED'])
  t.strictSame(new Set(statusesBefore('QUEUED')), new Set([...heldStatuses, 'PAUSED']))
})
