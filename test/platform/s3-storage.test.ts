import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import t from 'tap'
import { readConfig } from '../../src/config.js'
import { openStorage } from '../../src/platform/storage/open-storage.js'
import { type Fault, startFaultProxy } from '../support/fault-proxy.js'
import { freePort } from '../support/free-port.js'
import { startS3, withS3 } from '../support/s3.js'

t.test('a storage in S3', withS3, async t => {
  const { env, bucket, client } = await startS3(t)
  const open = (changes: Record<string, string> = {}) => openStorage(readConfig({ ...env, ...changes }))
  const openThrough = async (fault: Fault) =>
    open({ LYCEUM_S3_ENDPOINT: await startFaultProxy(t, env.LYCEUM_S3_ENDPOINT, fault) })
  const storage = await open()
  const text = Buffer.from('a model')
  const twoParts = randomBytes(6 * 2 ** 20)

  await t.test('lies below its prefix, beside others in the bucket', async t => {
    const whole = await open({ LYCEUM_STORAGE: `s3://${bucket}` })
    const neighbour = await open({ LYCEUM_STORAGE: `s3://${bucket}/of/lyceum-2` })
    await storage.put('a/b', text)
    await neighbour.put('a/c', text)
    t.ok(await whole.holds('of/lyceum/a/b'))
    t.strictSame((await whole.list('of')).sort(), ['lyceum', 'lyceum-2'])
    await storage.deleteAll('a')
    t.strictSame(await neighbour.list('a'), ['c'])
  })

  const broken = new Error('the line is dead')
  async function* breakingOff() {
    yield twoParts
    throw broken
  }

  await t.test('keeps no parts of an upload whose source breaks off', async t => {
    await storage.write('cut', breakingOff()).then(
      () => t.fail('it was written'),
      error => t.equal(error, broken),
    )
    const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))
    t.notOk(Uploads?.length)
  })

  await t.test('lets go of a source when an upload fails, and aborts it', async t => {
    let closed = false
    async function* endless() {
      try {
        while (true) yield twoParts
      } finally {
        closed = true
      }
    }
    const refusing = await openThrough(({ method, url }) =>
      method === 'PUT' && /partNumber=2/.test(url ?? '')
        ? response => response.writeHead(507).end()
        : undefined,
    )
    await t.rejects(refusing.write('refused', endless()), /The storage in bucket 'university' at .* failed: /)
    t.ok(closed)
    t.notOk(await storage.holds('refused'))
    const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))
    t.notOk(Uploads?.length)
  })

  await t.test('tells what a source threw also where its upload can not be aborted', async t => {
    const keeping = await openThrough(({ method }) =>
      method === 'DELETE' ? response => response.writeHead(403).end() : undefined,
    )
    await keeping.write('cut', breakingOff()).then(
      () => t.fail('it was written'),
      error => t.equal(error, broken),
    )
    t.notOk(await storage.holds('cut'))
  })

  await t.test('tries again what fails for a moment, by an answer or without one', async t => {
    let failures = 0
    const flaky = await openThrough(() => {
      failures += 1
      if (failures % 3 === 1) return response => response.writeHead(503).end()
      if (failures % 3 === 2) return response => response.destroy()
      return undefined
    })
    await flaky.put('flaky/a', text)
    await flaky.write('flaky/b', Readable.from([text]))
    t.strictSame(await flaky.read('flaky/a'), text)
    t.strictSame((await flaky.list('flaky')).sort(), ['a', 'b'])
    await flaky.deleteAll('flaky')
    t.notOk(await storage.holds('flaky/b'))
    t.ok(failures > 12)
  })

  await t.test('says what it could not delete', async t => {
    await storage.put('kept/a', text)
    const keeping = await openThrough(({ method, url }) =>
      method === 'POST' && /\?delete/.test(url ?? '')
        ? response =>
            response
              .writeHead(200, { 'content-type': 'application/xml' })
              .end(
                '<?xml version="1.0"?><DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Error>' +
                  '<Key>of/lyceum/kept/a</Key><Code>AccessDenied</Code><Message>No.</Message></Error></DeleteResult>',
              )
        : undefined,
    )
    await t.rejects(keeping.deleteAll('kept'), /1 files stay, 'of\/lyceum\/kept\/a' for AccessDenied/)
    t.ok(await storage.holds('kept/a'))
  })

  await t.test('that can not be used says why and what to do, and no secret', async t => {
    const refusal = async (changes: Record<string, string>) => {
      const error = await open(changes).then(
        () => t.fail('it was opened'),
        error => error,
      )
      const told = JSON.stringify({
        ...error,
        message: error.message,
        stack: error.stack,
        cause: error.cause,
      })
      t.notMatch(told, /secret(?!,)/, told)
      return error.message
    }
    t.match(await refusal({ LYCEUM_STORAGE: 's3://nobody' }), /no bucket 'nobody' at .*: create it, or/)
    t.match(
      await refusal({ LYCEUM_S3_SECRET_ACCESS_KEY: 'a-wrong-secret' }),
      /refuses the key.*SignatureDoesNot/,
    )
    t.match(
      await refusal({ LYCEUM_S3_ACCESS_KEY_ID: 'lyceum:nobody' }),
      /refuses the key.*HTTP 403\): correct/,
    )
    const nowhere = `http://127.0.0.1:${await freePort()}`
    t.match(await refusal({ LYCEUM_S3_ENDPOINT: nowhere }), /does not answer \(nothing listens there\): see/)
  })
})
