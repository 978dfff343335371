// The client, in a process of its own: sends one request again and again over kept connections.
import { performance } from 'node:perf_hooks'
import autocannon from 'autocannon'

process.on('message', async ({ url, body, connections, seconds }) => {
  const usage = process.cpuUsage()
  const begin = performance.now()
  const { requests, latency, errors, non2xx, mismatches } = await autocannon({
    url,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    connections,
    duration: seconds,
  })
  const { user, system } = process.cpuUsage(usage)
  process.send({
    requestsPerSecond: requests.average,
    p50: latency.p50,
    p99: latency.p99,
    failures: errors + non2xx + mismatches,
    busy: (user + system) / 1000 / (performance.now() - begin),
  })
})
process.on('disconnect', () => process.exit(0))
process.send({ kind: 'ready' })
