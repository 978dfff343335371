// As a process of its own: goes on from the snapshot in a file, and reports how it ended.
import { readFile } from 'node:fs/promises'
import { deserialize } from 'node:v8'
import { openEngine } from '../../../workers/engines/choose-engine.js'
import { restoreState, type Snapshot } from '../../../workers/trainer/snapshot.js'
import { createTask, trainToEnd } from './small-task.js'

const [engineName, file = ''] = process.argv.slice(2)
const engine = await openEngine(engineName === 'wasm' ? 'wasm' : 'tensorflow')
const snapshot: Snapshot = deserialize(await readFile(file))
const task = createTask()
process.send?.(await trainToEnd(engine, task, restoreState(engine.tf, task, snapshot)))
process.disconnect?.()
