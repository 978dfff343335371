import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, join } from 'node:path'
import t from 'tap'
import { clearScratch, openScratch, scratchFolder } from '../../src/platform/scratch.js'

// Where this process has its temporary folders, and nobody else.
const temporary = t.testdir()
process.env.TMPDIR = temporary
const parent = join(temporary, scratchFolder)
const uuid = 'b5f1c8de-0f6c-4c55-9d3a-1f4f6a1f0a11'

t.test('folders are of their own, and gone when they are closed', async t => {
  const [one, two] = await Promise.all([openScratch(), openScratch(), clearScratch()])
  t.not(one.directory, two.directory)
  t.strictSame(readdirSync(parent).sort(), [basename(one.directory), basename(two.directory)].sort())
  writeFileSync(join(one.directory, 'upload.zip'), 'x')
  await clearScratch()
  t.equal(readdirSync(one.directory).length, 1, 'what is open is not cleared')
  await one.close()
  await two.close()
  t.strictSame(readdirSync(parent), [])
})

t.test('what dead processes of this machine left is cleared, and nothing else', async t => {
  const { pid } = spawnSync(process.execPath, ['--version'])
  const leave = (name: string) => {
    mkdirSync(join(parent, name))
    writeFileSync(join(parent, name, 'upload.zip'), 'x')
    return name
  }
  leave(`${hostname()}-${pid}-${uuid}`)
  // Of a process before this one, as in a container that was started again.
  leave(`${hostname()}-${process.pid}-${uuid}`)
  const kept = [
    leave(`${hostname()}-${process.ppid}-${uuid}`),
    leave(`another-${hostname()}-${pid}-${uuid}`),
    leave('notes'),
  ]
  await clearScratch()
  t.strictSame(readdirSync(parent).sort(), kept.sort())
})

t.test('what stands in the place of the folder is refused', async t => {
  renameSync(parent, join(temporary, 'aside'))
  writeFileSync(parent, '')
  await t.rejects(openScratch(), /is not a folder of this user: remove it, or set TMPDIR/)
})
