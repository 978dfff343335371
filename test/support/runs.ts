import { type ChildProcess, fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { Database, Prisma } from '../../src/platform/database.js'

const workerFile = fileURLToPath(new URL('../../workers/worker.js', import.meta.url))
export const standInTrainer = fileURLToPath(new URL('stand-in-trainer.js', import.meta.url))

/** Queues a run whose stand-in child behaves as told. Returns its id. */
export function queueRun(database: Database, behaviour: string): Promise<string> {
  return queueSpec(database, { architecture: behaviour, dataset: 'none' })
}

/** What a run needs to train on MNIST for some seconds. */
export const mnistSpec = {
  architecture: 'simple-cnn',
  dataset: 'mnist',
  engine: 'wasm',
  trainingImages: 2_000,
  epochs: 3,
}

/** Queues a run of this spec. Returns its id. */
export async function queueSpec(database: Database, spec: Prisma.InputJsonObject): Promise<string> {
  const email = 'runner@lyceum.test'
  const owner = await database.user.upsert({
    where: { email },
    create: { email, name: 'Runner', passwordHash: '-' },
    update: {},
  })
  const run = await database.trainingRun.create({ data: { ownerId: owner.id, name: 'A run', spec } })
  return run.id
}

/** Waits until a run's row is as asked; the test's own time-out ends a wait in vain. */
export async function runBecomes(database: Database, id: string, status: string, attempt = 1) {
  for (;;) {
    const run = await database.trainingRun.findUniqueOrThrow({ where: { id } })
    if (run.status === status && run.attempt >= attempt) return run
    await sleep(50)
  }
}

/** A real worker process, ready, and gone when the test ends. Its children are the program given. */
export async function startWorker(
  t: Test,
  env: Record<string, string>,
  trainerFile?: string,
): Promise<ChildProcess> {
  const worker = fork(workerFile, trainerFile === undefined ? [] : [trainerFile], {
    execArgv: [],
    stdio: ['ignore', 2, 2, 'ipc'],
    env: { ...process.env, LYCEUM_LOG_LEVEL: 'error', ...env },
  })
  t.teardown(() => worker.kill('SIGKILL'))
  const exit = once(worker, 'exit').then(([code]) => {
    throw new Error(`The worker ended with ${code} before it was ready`)
  })
  exit.catch(() => {})
  await Promise.race([once(worker, 'message'), exit])
  return worker
}

/** Sends a signal and waits for the end: the exit code, or null and the signal. */
export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<unknown[]> {
  const exit = once(child, 'exit')
  child.kill(signal)
  return exit
}

/** Waits until a run has had an event of this type. */
export async function hasHad(database: Database, runId: string, type: string, attempt = 1) {
  while ((await database.runEvent.count({ where: { runId, type, attempt } })) === 0) await sleep(50)
}

/** The ids of the processes that a process has started. */
export function childrenOf(pid: number | undefined): number[] {
  const { stdout } = spawnSync('pgrep', ['-P', `${pid}`], { encoding: 'utf8' })
  return stdout.split('\n').filter(Boolean).map(Number)
}

export function isAlive(pid: number): boolean {
  try {
    // One that has ended and waits to be reaped is not alive, though a signal still finds it.
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** The numbers and types of a run's events, in order. */
export async function historyOf(database: Database, runId: string) {
  const events = await database.runEvent.findMany({ where: { runId }, orderBy: { number: 'asc' } })
  return { numbers: events.map(event => event.number), types: events.map(event => event.type) }
}

/** 1, 2, 3 …: how the numbers of a history without gaps read. */
export function withoutGaps({ length }: { length: number }): number[] {
  return Array.from({ length }, (_, i) => i + 1)
}
