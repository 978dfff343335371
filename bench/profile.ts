// npm run bench -- profile [--engine wasm] [--architecture simple-cnn] [--steps 10]: where a training step's time goes,
// kernel by kernel, in CPU time of the whole process: it does not count what else the machine does. For engines that
// compute within a kernel's call (wasm and tensorflow; a GPU is only told what to do).
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { readConfig } from '../src/config.js'
import { openEngine } from '../workers/engines/choose-engine.js'
import type { TensorFlow } from '../workers/engines/engine.js'
import { engineEnvironment } from '../workers/engines/engine-environment.js'
import { openRepeatedStep } from '../workers/probe/repeated-step.js'
import { row } from './support/table.js'
import { buildNetwork, networkNames } from './training/networks.js'

const BATCH = 128
const MOST_ROWS = 16

const { engine, architecture, steps } = readOptions()
// Before the library is loaded that reads it.
Object.assign(process.env, engineEnvironment(readConfig(), process.env))
// Without replicas: the kernels of one thread.
const opened = await openEngine(engine)
const { tf, device } = opened
const { take: step } = openRepeatedStep(opened, buildNetwork(architecture), BATCH)
for (let i = 0; i < 3; i++) await (await step())()
const kernels = timeKernels(tf, engine)
const begin = cpuMs()
for (let i = 0; i < steps; i++) await (await step())()
const total = (cpuMs() - begin) / steps

console.log(`${architecture} on ${device}: ${total.toFixed(1)} ms of CPU time a step of ${BATCH} images\n`)
console.log(`${row('ms a step', 'calls')}  kernel`)
const shares: Record<string, number> = {}
const longestFirst = [...kernels].sort(([, a], [, b]) => b.ms - a.ms)
for (const [name, { ms }] of longestFirst) shares[name] = Number((ms / steps / total).toFixed(3))
for (const [name, { ms, calls }] of longestFirst.slice(0, MOST_ROWS)) {
  console.log(`${row((ms / steps).toFixed(2), (calls / steps).toFixed(0))}  ${name}`)
}
console.log(`\n${JSON.stringify({ bench: 'profile', engine, architecture, shares })}`)
process.exit(0)

/** Has the engine's kernels count their own time from now on, that of the kernels which they run left out. */
function timeKernels({ getKernelsForBackend }: TensorFlow, backend: string) {
  const times = new Map<string, { ms: number; calls: number }>()
  const inner: number[] = []
  for (const kernel of getKernelsForBackend(backend)) {
    const { kernelName, kernelFunc } = kernel
    const entry = { ms: 0, calls: 0 }
    kernel.kernelFunc = params => {
      inner.push(0)
      const begin = cpuMs()
      try {
        return kernelFunc(params)
      } finally {
        const spent = cpuMs() - begin
        entry.ms += spent - (inner.pop() ?? 0)
        entry.calls++
        times.set(kernelName, entry)
        inner.push((inner.pop() ?? 0) + spent)
      }
    }
  }
  return times
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      engine: { type: 'string', default: 'wasm' },
      architecture: { type: 'string', default: 'simple-cnn' },
      steps: { type: 'string', default: '10' },
    },
  })
  return z
    .object({
      engine: z.enum(['wasm', 'tensorflow']),
      architecture: z.enum(networkNames),
      steps: z.coerce.number().int().min(1),
    })
    .parse(values)
}
