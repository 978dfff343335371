import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { importContent } from '../../src/catalog/import/import-content.js'
import { openDatabase } from '../../src/platform/database.js'
import { startEmbeddedPostgres } from '../../src/platform/embedded-postgres.js'
import { migrate } from '../../src/platform/migrate.js'
import { migrationsDirectory, packageRoot } from '../../src/platform/package-root.js'

/** A PostgreSQL of its own with the courses of `content/`, published, in a folder that is removed at the end. */
export async function startDatabase(): Promise<{ url: string; home: string; stop(): Promise<void> }> {
  const home = await mkdtemp(join(tmpdir(), 'lyceum-bench-'))
  const server = await startEmbeddedPostgres({ directory: join(home, 'postgres') })
  const url = server.url('lyceum')
  await migrate(url, migrationsDirectory)
  const database = openDatabase(url, { connections: 2 })
  await importContent(database, join(packageRoot, 'content'), { publish: true })
  await database.$disconnect()
  return {
    url,
    home,
    async stop() {
      await server.stop()
      await rm(home, { recursive: true, force: true })
    },
  }
}
