import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { Test } from 'tap'
import { freePort } from './free-port.js'

const startTimeoutMs = 10_000

export interface TestRedis {
  /** With a password, so that a test can look for it in the logs. */
  readonly url: string
  readonly password: string
  /** As a crash of the machine would: what was not written to the disk is lost. */
  kill(): Promise<void>
  /** On the same port and the same folder, after `kill`. */
  start(): Promise<void>
}

const redisIsHere = spawnSync('redis-server', ['--version']).status === 0
// CI installs it: there a test that is skipped would prove nothing.
const redisIsRequired = process.env.LYCEUM_REQUIRE_REDIS === '1'

/** How `t.test` skips what needs a `redis-server` on a machine that has none. */
export const withRedis =
  redisIsHere || redisIsRequired ? {} : { skip: 'no redis-server on this machine; install it to run this' }

/** A `redis-server` of the test's own, in a temporary folder, gone when the test ends. */
export async function startRedis(t: Test, { persistent = true } = {}): Promise<TestRedis> {
  const directory = mkdtempSync(join(tmpdir(), 'lyceum-redis-'))
  const port = await freePort()
  const password = 'the-redis-password'
  const url = `redis://:${password}@127.0.0.1:${port}`
  const writes = persistent ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no']
  let server: ChildProcess | undefined
  const kill = async () => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return
    const gone = once(server, 'exit')
    server.stdin?.end()
    await gone
  }
  t.teardown(async () => {
    await kill()
    rmSync(directory, { recursive: true, force: true })
  })
  const start = async () => {
    // The shell kills it when its standard input closes: also where the test's process was killed itself.
    server = spawn(
      'sh',
      ['-c', 'redis-server "$@" & cat; kill -9 $!; wait', 'redis', '--port', `${port}`].concat(
        ['--bind', '127.0.0.1', '--dir', directory, '--requirepass', password],
        ['--save', '', '--maxmemory-policy', 'noeviction', ...writes],
      ),
      { stdio: ['pipe', 'ignore', 'ignore'] },
    )
    const deadline = Date.now() + startTimeoutMs
    while (!(await answers(url))) {
      if (Date.now() > deadline) throw new Error('redis-server did not start')
      await sleep(20)
    }
  }
  await start()
  return { url, password, kill, start }
}

async function answers(url: string): Promise<boolean> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 })
  client.on('error', () => {})
  try {
    await client.connect()
    return (await client.ping()) === 'PONG'
  } catch {
    return false
  } finally {
    client.disconnect()
  }
}
