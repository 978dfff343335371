// Where a TensorFlow library can come from. Each source fills `deps/` of an unpacked @tensorflow/tfjs-node-gpu, and all
// but the package's own compile its addon against what they found.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  symlinkSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compileAddon, missingForCompiling } from './compile.mjs'
import { answers, run } from './run.mjs'

// Pip picks one wheel whatever Python it runs on: all that is taken out of it is the library.
const wheelOf = { x64: 'x86_64' }[process.platform === 'linux' ? process.arch : 'none']
// pip takes a wheel whose tag is in this list to the letter; manylinux2014 stands for 2010 and 1 as well.
const platforms = [
  ...Array.from({ length: 12 }, (_, index) => `manylinux_2_${28 - index}_${wheelOf}`),
  `manylinux2014_${wheelOf}`,
]

export function hasNvidiaCard() {
  return existsSync('/dev/nvidia0') || answers('nvidia-smi', '-L')
}

/**
 * The sources: `check` throws what stands in the way before anything is fetched, `fill` returns what to call it.
 * The package's own is TensorFlow 2.9.1, for CUDA 11.2.
 */
export const ownDownload = {
  kind: 'package',
  title: 'what @tensorflow/tfjs-node-gpu downloads',
  check: requireHost,
  fill: fillByPackage,
}
export const cpuWheel = {
  kind: 'wheel',
  title: "TensorFlow's wheel for CPUs",
  check: requirePipAndCompiler,
  fill: fillFromCpuWheel,
}
export const cudaWheel = {
  kind: 'cuda',
  title: "TensorFlow's wheel for CUDA",
  check: requirePipAndCompiler,
  fill: fillFromCudaWheel,
}
export const libraryIn = folder => ({
  kind: folder,
  title: folder,
  check: () => requireNothingMissing(missingForCompiling()),
  fill: stage => fillFromFolder(stage, folder),
})

async function requireHost() {
  const { TFJS_NODE_CDN_STORAGE: storage, TFJS_NODE_BASE_URI: base } = process.env
  // Whoever names another host knows that it answers.
  if (storage || base) return
  const host = 'https://storage.googleapis.com'
  const url = `${host}/tensorflow/libtensorflow/libtensorflow-gpu-linux-x86_64-2.9.1.tar.gz`
  const answer = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(5_000) }).catch(() => {})
  if (!answer?.ok) throw new Error(`${host}, where it downloads from, does not answer`)
}

function requirePipAndCompiler() {
  if (!wheelOf) {
    throw new Error(
      `no wheel is known for ${process.platform} on ${process.arch}: name a library with --libtensorflow`,
    )
  }
  const pip = answers('python3', '-m', 'pip', '--version') ? [] : ['pip']
  requireNothingMissing([...missingForCompiling(), ...pip])
}

function requireNothingMissing(missing) {
  if (missing.length === 0) return
  const hint = 'on Debian and Ubuntu: apt-get install g++ make python3-pip'
  throw new Error(`this machine lacks ${missing.join(' and ')} (${hint})`)
}

async function fillByPackage({ root }) {
  await run('npm', ['rebuild', '@tensorflow/tfjs-node-gpu', '--foreground-scripts'], {
    cwd: root,
    minutes: 20,
  })
  return "the package's own download"
}

async function fillFromCpuWheel(stage) {
  const [tensorflow, folder] = await pipInstall(stage, 'cpu-requirements.txt')
  takeOutOfWheel(stage, folder)
  await compileAddon(stage)
  return `the wheel ${tensorflow}`
}

async function fillFromCudaWheel(stage) {
  const [tensorflow, folder] = await pipInstall(stage, 'cuda-requirements.txt')
  takeOutOfWheel(stage, folder)
  renameSync(join(folder, 'nvidia'), join(stage.package, 'deps', 'nvidia'))
  await compileAddon(stage)
  return `the wheel ${tensorflow} and its CUDA libraries`
}

/** An unpacked libtensorflow, or the tensorflow folder of a Python. */
async function fillFromFolder(stage, folder) {
  const deps = join(stage.package, 'deps')
  const header = join('include', 'tensorflow', 'c', 'c_api.h')
  if (!existsSync(join(folder, header))) throw new Error(`${folder} has no ${header}`)
  cpSync(join(folder, 'include'), join(deps, 'include'), { recursive: true })
  mkdirSync(join(deps, 'lib'))
  const libraries = existsSync(join(folder, 'lib')) ? join(folder, 'lib') : folder
  for (const name of readdirSync(libraries).filter(name =>
    /^libtensorflow(_cc|_framework)?\.so/.test(name),
  )) {
    symlinkSync(realpathSync(join(libraries, name)), join(deps, 'lib', name))
  }
  // Where pip puts the CUDA libraries of its tensorflow.
  const cuda = join(dirname(folder), 'nvidia')
  if (existsSync(cuda)) symlinkSync(realpathSync(cuda), join(deps, 'nvidia'))
  await compileAddon(stage)
  return folder
}

/**
 * Into a folder of the stage.
 * @returns what the first of the requirements is, and the folder
 */
async function pipInstall({ root }, name) {
  const folder = join(root, 'wheels')
  const requirements = fileURLToPath(new URL(name, import.meta.url))
  const options = [
    ...['--quiet', '--retries=0', '--no-deps', '--no-compile', '--only-binary=:all:'],
    ...['--python-version=3.11', '--implementation=cp', ...platforms.map(tag => `--platform=${tag}`)],
  ]
  await run(
    'python3',
    ['-m', 'pip', 'install', ...options, `--target=${folder}`, `--requirement=${requirements}`],
    {
      // CUDA's libraries are some 3 GB.
      minutes: 60,
    },
  )
  const [, project, version] = /^(tensorflow\S*)==(\S+)/m.exec(readFileSync(requirements, 'utf8'))
  return [`${project} ${version}`, folder]
}

function takeOutOfWheel(stage, wheels) {
  const deps = join(stage.package, 'deps')
  const from = join(wheels, 'tensorflow')
  mkdirSync(join(deps, 'lib'), { recursive: true })
  renameSync(join(from, 'include'), join(deps, 'include'))
  renameSync(join(from, 'THIRD_PARTY_NOTICES.txt'), join(deps, 'THIRD_PARTY_NOTICES.txt'))
  for (const name of ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']) {
    renameSync(join(from, name), join(deps, 'lib', name))
  }
}
