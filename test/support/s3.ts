import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import type { Test } from 'tap'
import { freePort } from './free-port.js'

/** Debian's own: that is where its package python3-swift puts Swift. */
const python = '/usr/bin/python3'
const swiftIsHere = spawnSync(python, ['-c', 'import swift.common.middleware.s3api']).status === 0
// CI installs it: there a test that is skipped would prove nothing.
const swiftIsRequired = process.env.LYCEUM_REQUIRE_S3 === '1'

/** How `t.test` skips what needs a server of S3 on a machine that has none. */
export const withS3 =
  swiftIsHere || swiftIsRequired
    ? {}
    : { skip: 'no S3 server on this machine; install python3-swift to run this' }

export interface TestS3 {
  /** What makes a process or `openTestDependencies` keep its storage there. */
  readonly env: Record<string, string> & { LYCEUM_S3_ENDPOINT: string; LYCEUM_S3_SECRET_ACCESS_KEY: string }
  readonly bucket: string
  /** To look into the bucket past Lyceum. */
  readonly client: S3Client
}

/** OpenStack Swift with its S3 API and an empty bucket, in one process that ends with the test. */
export async function startS3(t: Test): Promise<TestS3> {
  const port = await freePort()
  const user = 'lyceum:tester'
  const secret = 'the-s3-secret'
  const bucket = 'university'
  const server = spawn(python, ['test/support/swift-server.py', `${port}`, user, secret], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const gone = once(server, 'exit')
  t.teardown(async () => {
    server.stdin.end()
    await gone
  })
  await Promise.race([
    once(server.stdout, 'data'),
    gone.then(([code]) => {
      throw new Error(`The S3 server ended with ${code}`)
    }),
  ])
  const endpoint = `http://127.0.0.1:${port}`
  const client = new S3Client({
    ...{ endpoint, region: 'us-east-1', forcePathStyle: true },
    credentials: { accessKeyId: user, secretAccessKey: secret },
  })
  await client.send(new CreateBucketCommand({ Bucket: bucket }))
  const env = {
    LYCEUM_STORAGE: `s3://${bucket}/of/lyceum`,
    LYCEUM_S3_ENDPOINT: endpoint,
    LYCEUM_S3_ACCESS_KEY_ID: user,
    LYCEUM_S3_SECRET_ACCESS_KEY: secret,
  }
  return { env, bucket, client }
}
