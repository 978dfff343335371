// `scripts/gpu-check pack`: everything that the check runs on a machine without Node and without internet, in one
// archive, .gpu-check/pack.tar.xz. Which files those are, esbuild says: it follows the imports from where they begin.
import { execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import { setUp } from './setup.mjs'
import { root } from './step.mjs'

/** What one trip may carry, less what the clone itself is. */
const LIMIT_MIB = 56
const entryPoints = [
  'dist/bench/training.js',
  'dist/bench/training/contender.js',
  'dist/workers/probe/main.js',
  'dist/test/workers/engines/contract.test.js',
  'dist/test/workers/engines/agreement.test.js',
  // tap requires it in a way that esbuild does not follow.
  join('node_modules', 'react-element-to-jsx-string', 'dist', 'cjs', 'index.js'),
]
/** What is read at run time and that no import names. */
const besides = [
  'package.json',
  'bench/peers',
  'node_modules/webgpu/dist/linux-x64/dawn.node',
  ...wasmFiles('node_modules/@tensorflow/tfjs-backend-wasm/dist'),
]

if (process.platform !== 'linux' || process.arch !== 'x64') {
  fail(
    'The pack is made on Linux, x86-64, where it is also to run: it carries this Node and these libraries.',
  )
}
await setUp()
process.chdir(root)
const home = join(root, '.gpu-check')
const stage = mkdtempSync(join(tmpdir(), 'lyceum-gpu-check-'))
process.once('exit', () => rmSync(stage, { recursive: true, force: true }))

const missing = besides.filter(file => !existsSync(file))
if (missing.length > 0) fail(`There is no ${missing.join(', ')}: \`npm install\` brings it.`)
const modules = await filesOf(entryPoints)
for (const file of new Set([...modules, ...packageFilesOf(modules), ...besides])) {
  cpSync(file, join(stage, file), { recursive: true })
}
mkdirSync(join(stage, 'bin'))
cpSync(realpathSync(process.execPath), join(stage, 'bin', 'node'))
const loader = vulkanLoader()
if (loader) cpSync(realpathSync(loader), join(stage, 'lib', 'libvulkan.so.1'))
else
  console.warn('No Vulkan loader (libvulkan1) is here to be packed: the other machine has to have its own.')

mkdirSync(home, { recursive: true })
const archive = join(home, 'pack.tar.xz')
console.log('Packing …')
execFileSync('tar', ['-cJf', archive, '-C', stage, '.'], { env: { ...process.env, XZ_OPT: '-6 -T0' } })
const size = statSync(archive).size / 2 ** 20
console.log(`${archive}: ${size.toFixed(1)} MiB, ${modules.length} modules and Node ${process.version}`)
if (size > LIMIT_MIB) fail(`That is more than ${LIMIT_MIB} MiB.`)

/** The files that are loaded from these on. */
async function filesOf(entries) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: entries,
    bundle: true,
    write: false,
    metafile: true,
    outdir: 'unused',
    platform: 'node',
    format: 'esm',
    // As Node resolves, which knows no condition `module`.
    conditions: [],
    loader: { '.node': 'empty' },
    logLevel: 'error',
  })
  return Object.keys(metafile.inputs).filter(existsSync)
}

/** Of each package that a module is of: Node reads there what kind of module it is. */
function packageFilesOf(files) {
  const found = new Set()
  for (const file of files) {
    for (let folder = dirname(file); folder.includes('node_modules/'); folder = dirname(folder)) {
      const manifest = join(folder, 'package.json')
      if (existsSync(manifest)) found.add(manifest)
    }
  }
  return found
}

function wasmFiles(folder) {
  return readdirSync(join(root, folder))
    .filter(name => name.endsWith('.wasm'))
    .map(name => join(folder, name))
}

function vulkanLoader() {
  const folders = (process.env.LD_LIBRARY_PATH ?? '').split(':').filter(folder => folder !== '')
  const named = folders.map(folder => join(folder, 'libvulkan.so.1')).find(existsSync)
  const { stdout = '' } = spawnSync('ldconfig', ['-p'], { encoding: 'utf8' })
  return named ?? /libvulkan\.so\.1 .*x86-64.*=> (.+)$/m.exec(stdout)?.[1]
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
