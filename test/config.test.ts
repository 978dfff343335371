import { readFile } from 'node:fs/promises'
import t from 'tap'
import { readConfig } from '../src/config.js'

t.test('the settings', async t => {
  t.test('are those that docs/operations.md lists', async t => {
    const read = [...(await readFile('src/config.ts', 'utf8')).matchAll(/^ {4}([A-Z][A-Z0-9_]+): /gm)]
    const listed = [...(await readFile('docs/operations.md', 'utf8')).matchAll(/^\| `([A-Z0-9_]+)` \|/gm)]
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

  t.test('put the storage into a folder, or into a bucket of S3', async t => {
    const keys = { LYCEUM_S3_ACCESS_KEY_ID: 'lyceum', LYCEUM_S3_SECRET_ACCESS_KEY: 'a-secret' }
    t.equal(readConfig({ LYCEUM_STORAGE: '/srv/s3' }).s3, undefined)
    t.match(readConfig({ LYCEUM_STORAGE: 's3://university' }).s3, {
      ...{ bucket: 'university', prefix: '', endpoint: undefined, region: 'us-east-1', pathStyle: false },
      credentials: undefined,
    })
    const own = { LYCEUM_STORAGE: 's3://university/a/b/', LYCEUM_S3_ENDPOINT: 'http://minio:9000' }
    t.match(readConfig({ ...own, ...keys, LYCEUM_S3_REGION: 'eu-1' }).s3, {
      ...{ bucket: 'university', prefix: 'a/b', endpoint: 'http://minio:9000', region: 'eu-1' },
      ...{ pathStyle: true, credentials: { accessKeyId: 'lyceum', secretAccessKey: 'a-secret' } },
    })
    t.equal(readConfig({ ...own, LYCEUM_S3_PATH_STYLE: 'false' }).s3?.pathStyle, false)
    for (const place of ['gs://bucket', 's3://', 's3://No_Bucket', 's3://bucket/../x', 's3://bucket//x']) {
      t.throws(() => readConfig({ LYCEUM_STORAGE: place }), /LYCEUM_STORAGE: must be a folder, or/, place)
    }
    const { LYCEUM_S3_SECRET_ACCESS_KEY } = keys
    t.throws(() => readConfig({ ...own, LYCEUM_S3_SECRET_ACCESS_KEY }), {
      message: /^(?!.*a-secret).*LYCEUM_S3_ACCESS_KEY_ID: goes with LYCEUM_S3_SECRET_ACCESS_KEY/s,
    })
    t.throws(
      () => readConfig({ LYCEUM_S3_ENDPOINT: 'http://minio:9000' }),
      /LYCEUM_S3_ENDPOINT: is of a storage/,
    )
  })
})
