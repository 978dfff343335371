import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ListMultipartUploadsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import t from 'tap'
import { streamRun } from '../support/clients.js'
import { mnistDigit } from '../support/mnist-digits.js'
import { runLyceum } from '../support/processes.js'
import { startS3, withS3 } from '../support/s3.js'
import { makeClassFolders, makeZip } from '../support/zips.js'
import { openClient, openUniversity } from './university.js'

// A training takes seconds on a machine of its own, and longer on one that is shared.
t.setTimeout(300_000)

t.test('with its storage in S3 and no file system shared', withS3, async t => {
  const { env: settings, bucket, client } = await startS3(t)
  const university = await openUniversity(t, settings)
  const { env, home, instructor, server, address } = university
  const homes = [home, join(t.testdir({ one: {}, two: {} }), 'one'), join(t.testdirName, 'two')]
  const startWorker = (at = 1) => university.startWorker({ LYCEUM_HOME: homes[at] ?? '' })
  const { token } = (await openClient(address).send('POST', '/api/v1/session', instructor)).json
  const authorization = `Bearer ${token}`
  const teacher = openClient(address, { authorization })

  const keysBelow = async (prefix: string) => {
    const Prefix = `of/lyceum/${prefix}`
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix }))
    return Contents.map(({ Key = '' }) => Key.slice(Prefix.length)).sort()
  }
  const launch = async (launched: object): Promise<string> => {
    const { status, json } = await teacher.send('POST', '/api/v1/runs', {
      ...launched,
      idempotencyKey: randomUUID(),
    })
    t.equal(status, 201, JSON.stringify(json))
    return json.id
  }
  const runBecomes = async (id: string, status: string) => {
    for (;;) {
      const run = (await teacher.get(`/api/v1/runs/${id}`)).json
      if (run.status === status) return run
      if (run.status === 'FAILED') throw new Error(JSON.stringify(run.failure))
      await sleep(100)
    }
  }

  const first = await startWorker()
  await t.test('a run goes on from its checkpoint on another machine, and its model is used', async t => {
    const id = await launch({
      labId: 'dlb-cnn-lab',
      spec: { epochs: 3, trainingImages: 2_000, batchSize: 50, engine: 'wasm' },
    })
    for await (const { type } of streamRun(address, token, id)) {
      if (type === 'checkpoint') break
    }
    t.equal((await teacher.send('POST', `/api/v1/runs/${id}/pause`)).status, 200)
    await runBecomes(id, 'PAUSED')
    const [checkpoint, ...more] = await keysBelow(`runs/${id}/`)
    t.match(checkpoint, /^checkpoints\/1-/)
    t.ok(more.length <= 2, 'those that it no longer needs are gone')

    t.equal(await first.stop(), 0)
    await startWorker(2)
    t.equal((await teacher.send('POST', `/api/v1/runs/${id}/resume`)).status, 200)
    const { result, modelFiles } = await runBecomes(id, 'SUCCEEDED')
    t.ok(result.testAccuracy > 0.8, `${result.testAccuracy} of the test images are recognised`)
    // They go after the run has ended.
    while ((await keysBelow(`runs/${id}/checkpoints`)).length > 0) await sleep(100)
    t.strictSame(modelFiles, ['model.json', 'weights.bin'])
    for (const file of modelFiles) {
      t.equal((await teacher.get(`/api/v1/runs/${id}/model/${file}`)).status, 200, file)
    }

    const { label, pixels } = mnistDigit(0)
    const predicted = await teacher.send('POST', `/api/v1/runs/${id}/predictions`, {
      image: { format: 'pixels', pixels },
    })
    const classes: Array<{ probability: number }> = predicted.json.classes
    const probabilities = classes.map(({ probability }) => probability)
    t.equal(probabilities.indexOf(Math.max(...probabilities)), label)
    for (const format of ['keras', 'onnx', 'tfjs']) {
      const exported = await fetch(`${address}/api/v1/runs/${id}/model?format=${format}`, {
        headers: { authorization },
      })
      const { byteLength } = await exported.arrayBuffer()
      t.ok(byteLength > 100_000, `${format}: ${byteLength} bytes`)
      t.equal(`${byteLength}`, exported.headers.get('content-length'))
    }
    t.ok((await keysBelow(`runs/${id}/2/exports`)).length === 2)

    t.equal((await teacher.send('DELETE', `/api/v1/runs/${id}`)).status, 204)
    t.strictSame(await keysBelow(`runs/${id}`), [])
  })

  await t.test('a dataset is uploaded, decoded and trained on', async t => {
    const response = await fetch(`${address}/api/v1/datasets?title=Colours`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/zip' },
      body: new Uint8Array(await makeZip(await makeClassFolders(['red', 'green', 'blue'], 20))),
    })
    const { id: dataset } = JSON.parse(await response.text())
    for (;;) {
      const { state, reason } = (await teacher.get(`/api/v1/datasets/${dataset}`)).json
      if (state === 'READY') break
      if (state === 'REFUSED') throw new Error(reason)
      await sleep(100)
    }
    const layers = [{ type: 'flatten' }, { type: 'dense', units: 3, activation: 'softmax' }]
    const id = await launch({
      name: 'Colours',
      spec: { layers, dataset, epochs: 1, batchSize: 8, learningRate: 0.01, engine: 'wasm' },
    })
    await runBecomes(id, 'SUCCEEDED')
    t.equal((await teacher.send('DELETE', `/api/v1/runs/${id}`)).status, 204)
    t.equal((await teacher.send('DELETE', `/api/v1/datasets/${dataset}`)).status, 204)
  })

  await t.test('nothing is left but the name of its database, and no secret is told', async t => {
    t.strictSame(await keysBelow(''), ['database-id'])
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))
    t.strictSame(Uploads, [])
    for (const at of homes) t.notOk(existsSync(join(at, 'storage')), at)
    for (const { output } of [server, first]) t.notMatch(output(), settings.LYCEUM_S3_SECRET_ACCESS_KEY)
  })

  await t.test('server and worker that can not use it end with one line that says what to do', async t => {
    const withoutKeys = { ...env, LYCEUM_S3_ACCESS_KEY_ID: '', LYCEUM_S3_SECRET_ACCESS_KEY: '' }
    for (const command of ['server', 'worker']) {
      const refused = async (changed: Record<string, string>) => {
        const { code, stdout, stderr } = await runLyceum([command], {
          ...changed,
          ...{ HOME: homes[1], AWS_EC2_METADATA_DISABLED: 'true', LYCEUM_LOG_LEVEL: 'trace' },
          AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
        })
        t.equal(code, 1, command)
        t.notMatch(stdout + stderr, /a-wrong-one|the-s3-secret/)
        return stderr
      }
      t.match(
        await refused({ ...env, LYCEUM_S3_SECRET_ACCESS_KEY: 'a-wrong-one' }),
        /^lyceum.*: S3 at 127\.0\.0\.1:\d+ refuses the key, its secret, .*: correct LYCEUM_S3_ACCESS_KEY_ID and .*\n$/,
      )
      t.match(
        await refused({ ...env, LYCEUM_STORAGE: 's3://nobody' }),
        /^lyceum.*: There is no bucket 'nobody'.*\n$/,
      )
      t.match(
        await refused(withoutKeys),
        /^lyceum.*: No keys for S3 were found: set LYCEUM_S3_ACCESS_KEY_ID .*\n$/,
      )
    }
  })
})
