import t from 'tap'
import { estimateStarts } from '../../../src/training/queue/estimate-starts.js'

const cpu = (id: string, seconds = 10) => ({ id, machineClass: 'CPU' as const, seconds })
const gpu = (id: string, seconds = 10) => ({ id, machineClass: 'GPU' as const, seconds })
const worker = (remaining: number[] = [], slots = 1) => ({ slots, classes: ['CPU' as const], remaining })
const gpuWorker = (remaining: number[] = []) => ({
  slots: 1,
  classes: ['GPU' as const, 'CPU' as const],
  remaining,
})
const starts = (...args: Parameters<typeof estimateStarts>) => Object.fromEntries(estimateStarts(...args))

t.test('each run begins on the slot that is free first', async t => {
  t.strictSame(starts([worker()], [cpu('a'), cpu('b'), cpu('c')]), { a: 0, b: 10, c: 20 })
  t.strictSame(starts([worker([7]), worker()], [cpu('a', 3), cpu('b'), cpu('c')]), { a: 0, b: 3, c: 7 })
  t.strictSame(starts([worker([5], 2)], [cpu('a', 100), cpu('b')]), { a: 0, b: 5 })
})

t.test('a worker with a GPU does what needs one first, then the others', async t => {
  t.strictSame(starts([gpuWorker([2])], [cpu('a'), gpu('b')]), { b: 2, a: 12 })
  t.strictSame(starts([gpuWorker([2]), worker([4])], [cpu('a'), gpu('b')]), { b: 2, a: 4 })
})

t.test('nothing is said of a run that no worker can do', async t => {
  t.strictSame(starts([worker()], [gpu('a'), cpu('b')]), { b: 0 })
  t.strictSame(starts([], [cpu('a')]), {})
})
