import { readFile } from 'node:fs/promises'
import t from 'tap'
import { readConfig } from '../src/config.js'

t.test('the settings', async t => {
  t.test('are those that docs/operations.md lists', async t => {
    const read = [...(await readFile('src/config.ts', 'utf8')).matchAll(/^ {4}([A-Z][A-Z_]+): /gm)]
    const listed = [...(await readFile('docs/operations.md', 'utf8')).matchAll(/^\| `([A-Z_]+)` \|/gm)]
    t.ok(read.length > 10)
    t.strictSame(listed.map(([, name]) => name).sort(), read.map(([, name]) => name).sort())
  })

  t.test('have defaults for all of them, and an empty one counts as not set', async t => {
    t.match(readConfig({ PORT: '', DATABASE_URL: '' }), { port: 4000, host: '127.0.0.1', embedded: true })
  })

  t.test('are safe in production without being told', async t => {
    t.match(readConfig({ NODE_ENV: 'production' }), {
      graphiql: false,
      cookieSecure: true,
      trustProxy: false,
    })
  })

  t.test('that are wrong are all named, each with what is wrong', async t => {
    const wrong = { PORT: '70000', DATABASE_URL: 'mysql://localhost/x', LYCEUM_ENGINE: 'abacus' }
    t.throws(() => readConfig(wrong), {
      message: /PORT: .*\n {2}DATABASE_URL: must be a URL .*\n {2}LYCEUM_ENGINE: /,
    })
  })
})
