import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { packageRoot } from '../../src/platform/package-root.js'

const scripts = (file: string) => pathToFileURL(join(packageRoot, 'scripts', file)).href

/** A process that runs a module's text, as a set-up does before anything is built. */
function runModule(t: Test, source: string, cwd: string) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { cwd })
  const exit = once(child, 'exit')
  t.teardown(() => child.kill('SIGKILL'))
  return { child, exit, output: text(child.stdout) }
}

/** Notes in the file `log` when it is within the lock `lock` of its folder, and when it leaves it. */
function setUpFor(t: Test, folder: string, action: string) {
  const source = `
    import { appendFileSync, existsSync } from 'node:fs'
    import { setTimeout } from 'node:timers/promises'
    import { alone } from '${scripts('set-up-lock.mjs')}'
    await alone(async () => {
      appendFileSync('log', 'in ')
      ${action}
      appendFileSync('log', 'out ')
    }, 'lock')`
  return runModule(t, source, folder)
}

/** The number of a process that has ended. */
function deadProcess(): string {
  return String(spawnSync(process.execPath, ['-e', '']).pid)
}

t.test('set-ups of one clone take turns, also where the last one was killed', async t => {
  for (const left of [deadProcess(), '']) {
    const folder = t.testdir()
    const lock = join(folder, 'lock')
    writeFileSync(lock, left)
    // An empty one may be just about to be written, unless it is old.
    utimesSync(lock, 0, 0)
    const all = [1, 2, 3].map(() => setUpFor(t, folder, 'await setTimeout(50)'))
    for (const { exit } of all) t.strictSame(await exit, [0, null])
    t.equal(readFileSync(join(folder, 'log'), 'utf8'), 'in out '.repeat(3))
    t.notOk(existsSync(lock))
  }
})

t.test('a set-up waits for another, says so, and goes on when that one is killed', async t => {
  const folder = t.testdir()
  const first = setUpFor(t, folder, "while (!existsSync('never')) await setTimeout(20)")
  while (!existsSync(join(folder, 'log'))) await new Promise(setImmediate)
  const second = setUpFor(t, folder, '')
  const [line] = await once(second.child.stdout, 'data')
  t.match(String(line), /Another set-up of this clone is at work; waiting for it .*delete lock/)
  t.equal(readFileSync(join(folder, 'log'), 'utf8'), 'in ')
  first.child.kill('SIGKILL')
  t.strictSame(await second.exit, [0, null])
  t.equal(readFileSync(join(folder, 'log'), 'utf8'), 'in in out ')
})

t.test('an install that goes on without the binding of TensorFlow says so, once', async t => {
  const install = async (folder: string) => {
    const source = `import { installPackages } from '${scripts('setup.mjs')}'; installPackages(process.cwd())`
    const { exit, output } = runModule(t, source, folder)
    t.strictSame(await exit, [0, null])
    return output
  }
  const without = createClone(t.testdir(), 'something-else')
  t.match(await install(without), /^Installing packages.*\nTensorFlow’s native binding .*engine:tensorflow/)
  t.equal(await install(without), '', 'what is installed is not installed again')
  const having = createClone(t.testdir({ having: {} }), '@tensorflow/tfjs-node-gpu')
  t.match(await install(having), /^Installing packages[^\n]*\n$/)
})

t.test('a build beside running processes changes only what is new, and that whole', async t => {
  const clone = t.testdir({
    scripts: {},
    src: { 'kept.ts': 'export const one: number = 1', 'changed.ts': 'export const two: number = 2' },
    node_modules: t.fixture('symlink', join(packageRoot, 'node_modules')),
  })
  const inClone = (...path: string[]) => join(clone, ...path)
  copyFileSync(join(packageRoot, 'scripts', 'build.mjs'), inClone('scripts', 'build.mjs'))
  const build = () => {
    t.match(spawnSync(process.execPath, [inClone('scripts', 'build.mjs')], { encoding: 'utf8' }), {
      status: 0,
      stderr: '',
    })
    return ['kept.js', 'changed.js'].map(file => statSync(inClone('dist', 'src', file)))
  }
  const [kept, changed] = build()
  writeFileSync(inClone('src', 'changed.ts'), 'export const two: number = 3')
  const [keptAgain, changedAgain] = build()
  t.match(keptAgain, { ino: kept?.ino, mtimeMs: kept?.mtimeMs })
  t.not(changedAgain?.ino, changed?.ino, 'whoever is reading the old file reads it to its end')
  t.match(readFileSync(inClone('dist', 'src', 'changed.js'), 'utf8'), 'two = 3')
  t.equal(readdirSync(inClone('dist', 'src')).length, 4, 'two files and their source maps')
})

/** A clone with one package, which has nothing to download. */
function createClone(folder: string, name: string): string {
  const version = '1.0.0'
  const manifest = { name: 'clone', version, dependencies: { [name]: 'file:package' } }
  const packages = {
    '': manifest,
    [`node_modules/${name}`]: { resolved: 'package', link: true },
    package: { name, version },
  }
  const write = (file: string, content: object) => writeFileSync(join(folder, file), JSON.stringify(content))
  mkdirSync(join(folder, 'package'))
  write('package/package.json', { name, version })
  write('package.json', manifest)
  write('package-lock.json', { name: 'clone', version, lockfileVersion: 3, requires: true, packages })
  return folder
}
