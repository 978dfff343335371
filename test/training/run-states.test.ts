import t from 'tap'
import { isFinal } from '../../src/training/run-states.js'

t.test('only succeeded, failed and cancelled runs are over', async t => {
  t.strictSame((['QUEUED', 'STARTING', 'RUNNING'] as const).map(isFinal), [false, false, false])
  t.strictSame((['SUCCEEDED', 'FAILED', 'CANCELLED'] as const).map(isFinal), [true, true, true])
})
