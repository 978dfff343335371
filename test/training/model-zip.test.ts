import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { openFolderStorage } from '../../src/platform/storage/folder-storage.js'
import { openModelZip } from '../../src/training/models/model-zip.js'

t.test('The zip of a model whose storage fails', async t => {
  const storage = openFolderStorage(t.testdir())
  // More than is read ahead: the weights wait until somebody reads.
  await storage.put('models/m/model.json', randomBytes(1_000_000))
  const dead = new Error('the line is dead')
  const opened: Readable[] = []
  const openThrough = (openWeights: () => Readable) =>
    openModelZip(
      {
        ...storage,
        async open(key) {
          if (key.endsWith('weights.bin')) return { size: 4, stream: openWeights() }
          const found = await storage.open(key)
          if (found) opened.push(found.stream)
          return found
        },
      },
      'models/m',
    )

  await t.test('breaks off where a file does that is not read yet, and ends nothing else', async t => {
    const weights = new Readable({ read() {} })
    const zip = await openThrough(() => weights)
    if (zip === undefined) throw new Error('The model is there')
    weights.destroy(dead)
    await setImmediate()
    await t.rejects(buffer(zip.stream), dead)
    t.ok(opened.at(-1)?.destroyed)
  })

  await t.test('lets go of the files that it has opened', async t => {
    await t.rejects(
      openThrough(() => {
        throw dead
      }),
      dead,
    )
    await setImmediate()
    t.ok(opened.at(-1)?.destroyed)
  })
})
