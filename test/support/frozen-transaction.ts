import { openDatabase } from '../../src/platform/database.js'

/** A process that freezes while it holds the lock of a run's row: `frozen-transaction.js <database> <run>`. */
const [url = '', runId = ''] = process.argv.slice(2)
const database = openDatabase(url, { connections: 1 })
try {
  await database.$transaction(async tx => {
    await tx.trainingRun.update({ where: { id: runId }, data: { notes: 'of a process that froze' } })
    await new Promise(resolve => process.send?.({ kind: 'locked' }, resolve))
    process.kill(process.pid, 'SIGSTOP')
    await tx.trainingRun.update({ where: { id: runId }, data: { notes: 'of a process that woke up' } })
  })
  process.exit(0)
} catch {
  // It was told so, and lives.
  process.exit(3)
}
