import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { buildApp } from '../../src/app.js'
import { readConfig } from '../../src/config.js'
import { openDatabase } from '../../src/platform/database.js'
import type { Dependencies } from '../../src/platform/dependencies.js'
import { createLogger } from '../../src/platform/logger.js'
import { listenForNotifications } from '../../src/platform/notifications.js'
import { openCourier } from '../../src/platform/queue.js'
import { openStorage } from '../../src/platform/storage/open-storage.js'
import { cloneDatabase } from './postgres.js'

export interface TestApp {
  readonly app: FastifyInstance
  readonly deps: Dependencies
  readonly databaseUrl: string
}

/** The whole API on a database of its own, closed and dropped when the test ends. */
export async function startTestApp(t: Test, env: Record<string, string> = {}): Promise<TestApp> {
  const { deps, databaseUrl } = await openTestDependencies(t, env)
  const app = await buildApp(deps)
  t.teardown(() => app.close())
  await app.ready()
  return { app, deps, databaseUrl }
}

/** The parts that an app is built from, on a database and a folder of their own. */
export async function openTestDependencies(
  t: Test,
  env: Record<string, string> = {},
): Promise<{ deps: Dependencies; databaseUrl: string }> {
  const { url, drop } = await cloneDatabase()
  const home = await mkdtemp(join(tmpdir(), 'lyceum-home-'))
  const config = readConfig({
    NODE_ENV: 'test',
    DATABASE_URL: url,
    LYCEUM_HOME: home,
    LYCEUM_LOG_LEVEL: process.env.LYCEUM_TEST_LOG_LEVEL ?? 'silent',
    PORT: '0',
    ...env,
  })
  const logger = createLogger(config.logLevel)
  const database = openDatabase(url, { connections: 5 })
  const notifications = await listenForNotifications(url, logger)
  const courier = openCourier({ databaseUrl: url, redisUrl: config.redisUrl }, logger)
  const storage = await openStorage(config)
  // tap runs teardowns last to first: an app registered later closes before its parts.
  t.teardown(async () => {
    await courier.close()
    await notifications.close()
    await database.$disconnect()
    await drop()
    await rm(home, { recursive: true, force: true })
  })
  return { deps: { config, database, notifications, courier, storage, logger }, databaseUrl: url }
}
