import { randomBytes } from 'node:crypto'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { readConfig } from '../../src/config.js'
import { openFolderStorage } from '../../src/platform/storage/folder-storage.js'
import { openStorage } from '../../src/platform/storage/open-storage.js'
import type { Storage } from '../../src/platform/storage/storage.js'
import { startS3, withS3 } from '../support/s3.js'

const mebibyte = 2 ** 20

/** In pieces whose ends fall nowhere in particular, as from a network. */
async function* inPieces(bytes: Uint8Array, size = 300_007) {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size)
}

/** What every storage does, wherever it keeps its files. */
async function checkStorage(t: Test, storage: Storage) {
  const text = Buffer.from('a model')
  const large = randomBytes(12 * mebibyte + 1)

  await t.test('keeps what is put under a key, and the last of it', async t => {
    await storage.put('put/1/model.json', Buffer.from('an older and longer model'))
    await storage.put('put/1/model.json', text)
    await storage.put('put/1/empty', Buffer.alloc(0))
    t.strictSame(await storage.read('put/1/model.json'), text)
    t.strictSame(await storage.read('put/1/empty'), Buffer.alloc(0))
    t.ok(await storage.holds('put/1/model.json'))
  })

  await t.test('keeps what is written in pieces, however much', async t => {
    for (const [name, bytes] of [
      ['large', large],
      ['small', text],
      ['empty', Buffer.alloc(0)],
    ] as const) {
      await storage.write(`written/${name}`, inPieces(bytes))
      const opened = await storage.open(`written/${name}`)
      t.equal(opened?.size, bytes.length, name)
      t.ok((opened && (await buffer(opened.stream)))?.equals(bytes), name)
    }
    t.ok((await storage.read('written/large')).equals(large))
  })

  await t.test('keeps nothing of a source that breaks off, and what was there before', async t => {
    const broken = new Error('the line is dead')
    async function* breakingOff(bytes: Uint8Array) {
      yield* inPieces(bytes)
      throw broken
    }
    await storage.put('broken/before', text)
    for (const bytes of [large, text, Buffer.alloc(0)]) {
      for (const name of ['new', 'before']) {
        await storage.write(`broken/${name}`, breakingOff(bytes)).then(
          () => t.fail('it was written'),
          error => t.equal(error, broken),
        )
      }
    }
    t.strictSame(await storage.list('broken'), ['before'])
    t.strictSame(await storage.read('broken/before'), text)
  })

  await t.test('reads a part, and what is left of it at the end', async t => {
    await storage.put('part/digits', Buffer.from('0123456789'))
    const part = async (start: number, length: number) =>
      (await storage.readPart('part/digits', start, length))?.toString()
    t.equal(await part(2, 3), '234')
    t.equal(await part(8, 5), '89')
    t.equal(await part(10, 5), '')
    t.equal(await part(3, 0), '')
    await storage.put('part/empty', Buffer.alloc(0))
    t.equal((await storage.readPart('part/empty', 0, 5))?.length, 0)
  })

  await t.test('says so of what is not there', async t => {
    await storage.put('there/below/key', text)
    for (const key of ['absent/key', 'there/below', 'there/bel']) {
      t.equal(await storage.open(key), undefined, key)
      t.equal(await storage.readPart(key, 0, 1), undefined, key)
      t.notOk(await storage.holds(key), key)
    }
    await t.rejects(storage.read('absent/key'), { code: 'ENOENT' })
    t.strictSame(await storage.list('absent'), [])
    t.equal(await storage.changedAt('absent'), undefined)
    await storage.deleteAll('absent')
  })

  await t.test('lists the names directly below a prefix, each once', async t => {
    for (const key of ['a', 'b/1', 'b/2', 'c/d/e']) await storage.put(`list/${key}`, text)
    await storage.put('list-2/f', text)
    t.strictSame((await storage.list('list')).sort(), ['a', 'b', 'c'])
    t.strictSame((await storage.list('list/b')).sort(), ['1', '2'])
    t.strictSame(await storage.list('list/c'), ['d'])
  })

  await t.test('tells when what lies below a prefix was written last', async t => {
    const before = Date.now()
    await storage.put('changed/1/a', text)
    for (const prefix of ['changed', 'changed/1', 'changed/1/a']) {
      const at = (await storage.changedAt(prefix))?.getTime() ?? 0
      // A storage may tell whole seconds, of a clock of its own.
      t.ok(Math.abs(at - before) < 10_000, `${prefix}: ${at - before} ms`)
    }
  })

  await t.test('deletes a key and what is below a prefix, but nothing beside them', async t => {
    for (const key of ['1/a', '1/b/c', '10/a', '1.json']) await storage.put(`delete/${key}`, text)
    await storage.deleteAll('delete/1')
    t.strictSame((await storage.list('delete')).filter(name => name !== '1').sort(), ['1.json', '10'])
    t.strictSame(await storage.list('delete/1'), [])
    await storage.deleteAll('delete/1.json')
    t.notOk(await storage.holds('delete/1.json'))
    t.ok(await storage.holds('delete/10/a'))
  })

  await t.test('takes only keys that can not lead out of it', async t => {
    for (const key of ['', '/a', '../a', 'a/../b', 'a//b', 'a/', 'a b', 'a\\b']) {
      await t.rejects(storage.put(key, text), /is no storage key/, key)
      await t.rejects(storage.deleteAll(key), /is no storage key/, key)
    }
  })
}

t.test('a storage in a folder', async t => {
  const directory = t.testdir()
  await checkStorage(t, openFolderStorage(directory))

  await t.test('leaves no temporary files behind', async t => {
    const names = await readdir(directory, { recursive: true })
    t.strictSame(
      names.filter(name => name.endsWith('.part')),
      [],
    )
  })

  await t.test('that can not be read is not taken for an empty one', async t => {
    const file = join(t.testdir(), 'storage')
    await writeFile(file, '')
    const storage = openFolderStorage(file)
    await t.rejects(storage.list('runs'), { code: 'ENOTDIR' })
    await t.rejects(storage.holds('database-id'), { code: 'ENOTDIR' })
    await t.rejects(storage.changedAt('runs/1'), { code: 'ENOTDIR' })
  })
})

t.test('a storage in S3', withS3, async t => {
  const { env } = await startS3(t)
  await checkStorage(t, await openStorage(readConfig(env)))
})
