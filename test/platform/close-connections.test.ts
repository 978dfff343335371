import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify from 'fastify'
import t from 'tap'
import { closeConnections } from '../../src/platform/close-connections.js'

t.test(
  'A server that closes answers what it was asked, and waits for no connection that asks nothing',
  async t => {
    const app = Fastify()
    closeConnections(app)
    app.get('/slow', async () => {
      await sleep(300)
      return 'an answer'
    })
    const address = await app.listen({ port: 0, host: '127.0.0.1' })
    // As a browser opens one ahead.
    const silent = connect(Number(new URL(address).port), '127.0.0.1')
    await once(silent, 'connect')
    const closed = once(silent, 'close')
    const answer = fetch(`${address}/slow`).then(response => response.text())
    await once(app.server, 'request')
    await app.close()
    t.equal(await answer, 'an answer')
    await closed
  },
)
