import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import t from 'tap'
import { readConfig } from '../../src/config.js'
import { openStorage } from '../../src/platform/storage/open-storage.js'
import { startS3, withS3 } from '../support/s3.js'

t.test('a storage in S3', withS3, async t => {
  const { env, bucket, client } = await startS3(t)
  const storage = await openStorage(readConfig(env))

  await t.test('lists and deletes more than fits into one answer', async t => {
    const names = Array.from({ length: 1_003 }, (_, n) => `n${n}`)
    const waiting = [...names]
    const putting = Array.from({ length: 16 }, async () => {
      for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
        await storage.put(`many/${name}`, new Uint8Array(1))
      }
    })
    await Promise.all(putting)
    t.strictSame((await storage.list('many')).sort(), names.sort())
    await storage.deleteAll('many')
    const { KeyCount } = await client.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: 'of/lyceum/many' }),
    )
    t.equal(KeyCount, 0)
  })
})
