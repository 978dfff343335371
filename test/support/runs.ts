import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Database } from '../../src/platform/database.js'

export const standInTrainer = fileURLToPath(new URL('stand-in-trainer.js', import.meta.url))

/** Queues a run whose stand-in child behaves as told. Returns its id. */
export async function queueRun(database: Database, behaviour: string): Promise<string> {
  const email = 'runner@lyceum.test'
  const owner = await database.user.upsert({
    where: { email },
    create: { email, name: 'Runner', passwordHash: '-' },
    update: {},
  })
  const spec = { architecture: behaviour, dataset: 'none' }
  const run = await database.trainingRun.create({ data: { ownerId: owner.id, name: behaviour, spec } })
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
