import t from 'tap'
import { freePort } from '../support/free-port.js'
import { cloneDatabase } from '../support/postgres.js'
import { startLyceum } from '../support/processes.js'
import { scrape } from '../support/scrape.js'

t.test('a server and a worker tell Prometheus of themselves on ports of their own', async t => {
  const { url, drop } = await cloneDatabase()
  t.teardown(drop)
  const [server, worker] = [await freePort(), await freePort()]
  const env = {
    ...{ DATABASE_URL: url, LYCEUM_HOME: t.testdir(), PORT: '0', LYCEUM_ENGINE: 'wasm' },
    ...{ LYCEUM_METRICS_PORT: `${server}`, LYCEUM_WORKER_METRICS_PORT: `${worker}` },
  }
  await startLyceum(t, ['worker'], env)
  await startLyceum(t, ['server'], env)
  while ((await scrape(server)).read('lyceum_workers', { machine_class: 'CPU' }) !== 1);
  t.equal((await scrape(worker)).read('lyceum_worker_runs'), 0)
  t.ok(((await scrape(worker)).read('process_resident_memory_bytes') ?? 0) > 1e6)
  await t.rejects(startLyceum(t, ['worker'], env), { message: new RegExp(`Port ${worker} is in use`) })
})
