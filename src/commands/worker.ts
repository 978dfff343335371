import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { packageRoot } from '../platform/package-root.js'

/** Runs a training worker until it ends, as a process of its own: the API's code never imports the workers'. */
export async function runWorker(): Promise<void> {
  // The channel ends with this process, however it ends, and the worker with the channel.
  const worker = fork(join(packageRoot, 'dist/workers/worker.js'), { stdio: 'inherit' })
  const stop = () => worker.kill('SIGTERM')
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop)
  process.on('disconnect', stop)
  worker.on('message', message => process.send?.(message))
  const [code] = await once(worker, 'exit')
  process.exit(code ?? 1)
}
