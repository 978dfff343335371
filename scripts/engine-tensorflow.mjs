// npm run engine:tensorflow: gives this machine a TensorFlow binding. It is built aside, and takes its place only when
// it has trained a small network.
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { setUp } from './setup.mjs'
import { run } from './tensorflow/run.mjs'
import { cpuWheel, cudaWheel, hasNvidiaCard, libraryIn, ownDownload } from './tensorflow/sources.mjs'

const usage = `npm run engine:tensorflow [-- <options>]

Builds the binding of the tensorflow engine in .lyceum/tensorflow (LYCEUM_TENSORFLOW), from the first of these that
works here; where there is an NVIDIA card, from the first that uses it:
  package   what @tensorflow/tfjs-node-gpu itself downloads
  wheel     the library out of TensorFlow's wheel, by pip; the addon is compiled

  --source <name>           only this one; 'cuda' is the wheel for NVIDIA cards, whether or not there is one here
  --libtensorflow <folder>  a library of your own: an unpacked libtensorflow, or the tensorflow folder of a Python
  --force                   build again what is there`

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const recipe = join(root, 'scripts', 'tensorflow')
const recipeFiles = ['package-lock.json', 'cpu-requirements.txt', 'cuda-requirements.txt']
const options = readOptions()
// So that what was begun is removed.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
await setUp()
const { readConfig } = await import('../dist/src/config.js')
const { probeEngine } = await import('../dist/workers/probe/probe-engine.js')
const config = readConfig()
const home = config.tensorflowDirectory
const shown = relative('', home).startsWith('..') ? home : relative('', home)
const card = hasNvidiaCard()
const lock = createHash('sha256')
  .update(recipeFiles.map(file => readFileSync(join(recipe, file), 'utf8')).join())
  .digest('hex')

const there = options.force ? undefined : await findBinding()
if (there) console.log(`Already there in ${shown}, from ${there.source}: ${describe(there.engine)}`)
else process.exitCode = (await build()) ? 0 : 1

/** The binding that is in place, if it is what would be built now, and trains. */
async function findBinding() {
  const file = join(home, 'binding.json')
  if (!existsSync(file)) return undefined
  const binding = JSON.parse(readFileSync(file, 'utf8'))
  const asked = options.libtensorflow ?? options.source
  if (binding.lock !== lock) return undefined
  if (asked && !attempts().some(({ kind }) => kind === binding.kind)) return undefined
  const engine = await probeEngine('tensorflow', config)
  return 'device' in engine && (engine.gpu || !card || asked) ? { ...binding, engine } : undefined
}

async function build() {
  console.log(`Building a TensorFlow binding in ${shown} …`)
  if (card) console.log('  This machine has an NVIDIA card.')
  mkdirSync(dirname(home), { recursive: true })
  for (const attempt of attempts()) {
    try {
      console.log(`  from ${attempt.title}`)
      const { source, engine } = await buildFrom(attempt)
      console.log(`In ${shown}, from ${source}: ${describe(engine)}`)
      return true
    } catch (error) {
      console.log(`    no: ${error.message}`)
    }
  }
  console.error('There is no TensorFlow binding: Lyceum trains on its other engines.')
  return false
}

/** What to try, in this order. With a card, a library for CPUs alone is the last resort. */
function attempts() {
  const { libtensorflow, source } = options
  if (libtensorflow) return [libraryIn(libtensorflow)]
  const wheels = card ? [{ ...cudaWheel, needsGpu: true }, cpuWheel] : [cpuWheel]
  if (source === 'package') return [ownDownload]
  if (source === 'wheel') return wheels
  if (source === 'cuda') return [cudaWheel]
  return [{ ...ownDownload, needsGpu: card }, ...wheels]
}

/** @throws Error that says what stands in the way */
async function buildFrom({ kind, check, fill, needsGpu = false }) {
  await check()
  // Beside its place, so that a rename is all that is left to do.
  const stage = openStage(mkdtempSync(`${home}-`))
  const remove = () => rmSync(stage.root, { recursive: true, force: true })
  process.once('exit', remove)
  try {
    await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: stage.root,
    })
    const source = await fill(stage)
    assemble(stage, { kind, source, lock })
    const engine = await probeEngine('tensorflow', { ...config, tensorflowDirectory: stage.result })
    if (!('device' in engine)) throw new Error(engine.reason)
    if (needsGpu && !engine.gpu) throw new Error(`it trains, but on the ${engine.device}`)
    replace(stage.result)
    return { source, engine }
  } finally {
    remove()
    process.removeListener('exit', remove)
  }
}

function openStage(folder) {
  for (const file of ['package.json', 'package-lock.json']) cpSync(join(recipe, file), join(folder, file))
  cpSync(join(root, '.npmrc'), join(folder, '.npmrc'))
  const modules = join(folder, 'node_modules')
  return {
    root: folder,
    modules,
    package: join(modules, '@tensorflow', 'tfjs-node-gpu'),
    result: join(folder, 'result'),
  }
}

/** The package with its library and its addon, and no more of what it depends on than it needs at run time. */
function assemble(stage, manifest) {
  const modules = join(stage.result, 'node_modules')
  mkdirSync(join(modules, '@tensorflow'), { recursive: true })
  renameSync(stage.package, join(stage.result, 'package'))
  renameSync(join(stage.modules, 'google-protobuf'), join(modules, 'google-protobuf'))
  // Of tfjs it uses the core alone, which must be the very one that Lyceum uses.
  for (const name of ['tfjs', 'tfjs-core']) {
    symlinkSync(join(root, 'node_modules', '@tensorflow', 'tfjs-core'), join(modules, '@tensorflow', name))
  }
  writeFileSync(join(stage.result, 'binding.json'), JSON.stringify(manifest))
}

/** Processes that have the old one open keep it. */
function replace(result) {
  const old = `${home}-old-${process.pid}`
  if (existsSync(home)) renameSync(home, old)
  renameSync(result, home)
  rmSync(old, { recursive: true, force: true })
}

function describe({ version, device, warnings }) {
  return [`${version} on ${device}`, ...warnings].join('\n  ')
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        source: { type: 'string' },
        libtensorflow: { type: 'string' },
        force: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) {
      console.log(usage)
      process.exit(0)
    }
    if (!['package', 'wheel', 'cuda', undefined].includes(values.source))
      throw new Error(`There is no source '${values.source}'.`)
    return { ...values, ...(values.libtensorflow && { libtensorflow: resolve(values.libtensorflow) }) }
  } catch (error) {
    console.error(`${error.message}\n\n${usage}`)
    process.exit(1)
  }
}
