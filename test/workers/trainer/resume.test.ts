import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { serialize } from 'node:v8'
import type { Test } from 'tap'
import { openEngine } from '../../../workers/engines/choose-engine.js'
import type { Engine } from '../../../workers/engines/engine.js'
import {
  restoreState,
  type Snapshot,
  snapshotProgress,
  takeSnapshot,
} from '../../../workers/trainer/snapshot.js'
import { train } from '../../../workers/trainer/train.js'
import { createState, disposeState, type TrainingState } from '../../../workers/trainer/training-state.js'
import { testOnEngines } from '../../support/engines.js'
import { createTask, type Outcome, trainToEnd } from './small-task.js'

// Those that repeat a run bit for bit.
await testOnEngines(checkEngine, ['wasm', 'tensorflow'])

async function checkEngine(t: Test, engine: Engine): Promise<void> {
  const { tf } = engine
  const task = createTask()
  // Another engine may have become tfjs' current one since.
  await openEngine(engine.name)
  const tensorsBefore = tf.memory().numTensors
  const whole = await trainToEnd(engine, task, createState(tf, task))
  const onlyAfter = ({ progress }: Snapshot): Outcome => ({
    ...whole,
    epochs: whole.epochs.slice(progress.epoch - 1),
  })

  const snapshots: Snapshot[] = []
  await t.test('a run of which a snapshot is taken at every step goes on unchanged', async t => {
    const save = async (state: TrainingState) => {
      snapshots.push(await takeSnapshot(state))
    }
    t.strictSame(await trainToEnd(engine, task, createState(tf, task), save), whole)
    t.equal(snapshots.length, 5 * whole.epochs.length + whole.epochs.length, 'after each step and each epoch')
    t.ok(
      snapshots.every(
        ({ progress }) => snapshotProgress.safeParse(JSON.parse(JSON.stringify(progress))).success,
      ),
      'what is no tensor is JSON',
    )
  })

  await t.test('from a snapshot a new loop comes to the same losses and the same bits', async t => {
    // In the first epoch, before and after its validation, in the second, and after the very last step.
    const places = [2, 4, 5, 8, 16].map(index => snapshots[index]).filter(snapshot => snapshot !== undefined)
    t.strictSame(
      places.map(({ progress }) => [progress.epoch, progress.step, progress.position]),
      [
        [1, 3, 24],
        [1, 5, 36],
        [2, 5, 0],
        [2, 8, 24],
        [3, 15, 36],
      ],
    )
    for (const snapshot of places) {
      const state = restoreState(tf, task, snapshot)
      t.strictSame(
        await trainToEnd(engine, task, state),
        onlyAfter(snapshot),
        `from step ${snapshot.progress.step}`,
      )
    }
  })

  await t.test('stopped inside an epoch, another process goes on to the same bits', async t => {
    const stopping = new AbortController()
    const state = createState(tf, task)
    const stop = async ({ step }: TrainingState) => {
      if (step === 8) stopping.abort(new Error('stopped'))
    }
    const observer = { emit: () => {}, betweenSteps: stop }
    await t.rejects(train(engine, task, state, observer, stopping.signal), /stopped/)
    const snapshot = await takeSnapshot(state)
    disposeState(tf, state)
    t.match(snapshot.progress, { step: 8, epoch: 2, position: 24 })
    const file = join(t.testdir(), 'snapshot')
    await writeFile(file, serialize(snapshot))
    const child = fork(fileURLToPath(new URL('resumed-training.js', import.meta.url)), [engine.name, file])
    const [outcome] = await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code]) => Promise.reject(new Error(`the process left with ${code}`))),
    ])
    t.strictSame(outcome, onlyAfter(snapshot))
  })

  await t.test('a snapshot of another network is refused', async t => {
    const [snapshot] = snapshots
    if (!snapshot) throw new Error('no snapshot')
    const tensors = new Map(snapshot.tensors)
    tensors.delete('weights/0')
    t.throws(() => restoreState(tf, task, { ...snapshot, tensors }), /weight 0 is not of shape \[3,3,1,4\]/)
  })

  t.equal(tf.memory().numTensors, tensorsBefore, 'no tensor is left behind')
}
