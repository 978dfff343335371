import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { createLogger } from '../../src/platform/logger.js'
import { openCourier } from '../../src/platform/queue.js'
import { forEachBackend } from '../support/backends.js'
import { cloneDatabase } from '../support/postgres.js'

const workerFile = fileURLToPath(new URL('../support/queue-worker.js', import.meta.url))

/** A promise and what settles it, for jobs that end when the test says so. */
function gate() {
  let open = () => {}
  const passed = new Promise<void>(resolve => {
    open = resolve
  })
  return { open, passed }
}

t.test('A queue', t =>
  forEachBackend(t, async (t, { env, redis }) => {
    const { url: databaseUrl, drop } = await cloneDatabase()
    const redisUrl = env.REDIS_URL
    const courier = openCourier({ databaseUrl, redisUrl }, createLogger('silent'))
    t.teardown(async () => {
      await courier.close()
      await drop()
    })

    await t.test('holds a job until it is taken out', async t => {
      const queue = courier.queue<{ n: number }>('plain')
      t.equal(await queue.holds('a'), false)
      await queue.add('a', { n: 1 })
      t.equal(await queue.holds('a'), true)
      t.match(await queue.counts(), { waiting: 1, active: 0 })
      await queue.remove('a')
      t.equal(await queue.holds('a'), false)
      t.match(await queue.counts(), { waiting: 0 })
      await queue.remove('never-there')
    })

    await t.test('delivers an id once, also when it is added again after it has ended', async t => {
      const queue = courier.queue<{ n: number }>('twice')
      const taken: unknown[] = []
      await queue.add('a', { n: 1 })
      await queue.add('a', { n: 2 })
      t.match(await queue.counts(), { waiting: 1 })
      const worker = courier.worker('twice', async ({ id, data }) => taken.push({ id, data }))
      await queue.ask('b', { n: 3 }, 10_000)
      t.equal(await queue.holds('a'), false)
      await queue.add('a', { n: 4 })
      await queue.ask('c', { n: 5 }, 10_000)
      await worker.close()
      t.strictSame(taken, [
        { id: 'a', data: { n: 1 } },
        { id: 'b', data: { n: 3 } },
        { id: 'c', data: { n: 5 } },
      ])
      await queue.remove('a')
      await queue.add('a', { n: 6 })
      t.equal(await queue.holds('a'), true, 'once it is taken out it is new')
    })

    await t.test('answers questions, the same at the same time', async t => {
      const queue = courier.queue<number>('questions')
      const worker = courier.worker('questions', async ({ data }) => {
        if (data === 13) throw new Error('Thirteen is refused.')
        return { square: Number(data) ** 2 }
      })
      t.strictSame(
        await Promise.all([2, 3, 4].map(n => queue.ask(`ask-${n}`, n, 10_000))),
        [4, 9, 16].map(square => ({ square })),
      )
      await t.rejects(queue.ask('ask-13', 13, 10_000), { message: 'Thirteen is refused.' })
      await worker.close()
    })

    await t.test('says that no worker answered, and forgets the question', async t => {
      const queue = courier.queue<number>('nobody')
      await t.rejects(queue.ask('a', 1, 50), { code: 'NO_WORKER_ANSWERED', status: 504, message: /50 ms/ })
      t.equal(await queue.holds('a'), false)
    })

    await t.test('gives a worker as many jobs at once as it may have', async t => {
      const queue = courier.queue<number>('many')
      const first = gate()
      let running = 0
      let most = 0
      const two = gate()
      const worker = courier.worker(
        'many',
        async () => {
          most = Math.max(most, ++running)
          if (running === 2) two.open()
          await first.passed
          running--
        },
        { concurrency: 2 },
      )
      const answers = [1, 2, 3, 4].map(n => queue.ask(`job-${n}`, n, 10_000))
      await two.passed
      t.match(await queue.counts(), { active: 2 })
      first.open()
      await Promise.all(answers)
      t.equal(most, 2)
      await worker.close()
    })

    await t.test('waits for what runs when a worker closes, unless forced', async t => {
      for (const force of [false, true]) {
        const name = force ? 'forced' : 'gentle'
        const queue = courier.queue<number>(name)
        const [begun, end] = [gate(), gate()]
        let ended = false
        const worker = courier.worker(name, async () => {
          begun.open()
          await end.passed
          ended = true
        })
        await queue.add('a', 1)
        await begun.passed
        const closed = worker.close(force)
        if (!force) end.open()
        await closed
        t.equal(ended, !force)
        if (!force) t.equal(await queue.holds('a'), false)
        end.open()
      }
    })

    await t.test('gives a job to another when its worker was killed', async t => {
      const queue = courier.queue<number>('stalled')
      const args = ['stalled', databaseUrl, ...(redisUrl === undefined ? [] : [redisUrl])]
      const doomed = fork(workerFile, args, { execArgv: [] })
      t.teardown(() => doomed.kill('SIGKILL'))
      const answer = queue.ask('a', 7, 25_000)
      t.strictSame((await once(doomed, 'message'))[0], 'a')
      doomed.kill('SIGKILL')
      await once(doomed, 'exit')
      const settings = { lockDuration: 1_000, stalledInterval: 500, maxStalledCount: 1 }
      const worker = courier.worker('stalled', async ({ data }) => ({ got: data }), settings)
      await worker.ready()
      t.strictSame(await answer, { got: 7 })
      await worker.close()
    })

    await t.test('keeps its secrets out of the logs', async t => {
      let log = ''
      const stream = new Writable({
        write(chunk, _encoding, done) {
          log += chunk
          done()
        },
      })
      const logger = createLogger('trace', { destination: stream })
      const password = 'not-the-password'
      const wrong = (url: string) => {
        const changed = new URL(url)
        changed.password = password
        return changed.toString()
      }
      const refused = openCourier(
        redisUrl === undefined
          ? { databaseUrl: wrong(databaseUrl) }
          : { databaseUrl, redisUrl: wrong(redisUrl) },
        logger,
      )
      t.teardown(() => refused.close())
      await t.rejects(refused.ping())
      await refused
        .queue('secrets')
        .add('a', 1)
        .then(
          () => t.fail('it should be refused'),
          (error: Error) => logger.warn({ err: error }, 'as callers log it'),
        )
      t.match(log, /as callers log it/)
      t.notMatch(log, password)
    })

    await t.test('rejects a ping when its backend is down', async t => {
      await courier.ping()
      if (redis === undefined) {
        const port = new URL(databaseUrl)
        port.port = '1'
        const away = openCourier({ databaseUrl: port.toString() }, createLogger('silent'))
        await t.rejects(away.ping())
        return away.close()
      }
      const queue = courier.queue<number>('outage')
      await redis.kill()
      await t.rejects(courier.ping())
      await t.rejects(queue.add('a', 1), 'whoever adds a job is told')
      await redis.start()
      await courier.ping()
      await queue.add('a', 1)
      t.equal(await queue.holds('a'), true)
    })
  }),
)
