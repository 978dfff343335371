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
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { compileAddon, missingForCompiling } from './compile.mjs'
import { answers, run } from './run.mjs'

const version = '2.21.0'
// Pip picks one wheel whatever Python it runs on: all that is taken out of it is the library.
const wheelOf = { x64: 'x86_64' }[process.platform === 'linux' ? process.arch : 'none']
const checksums = {
  [`tensorflow-cpu==${version}`]: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
}

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
  kind: 'wheel',
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
  takeOutOfWheel(stage, await pipInstall(stage, [`tensorflow-cpu==${version}`]))
  await compileAddon(stage)
  return `the wheel tensorflow-cpu ${version}`
}

/** The CUDA libraries are those that the wheel names. */
async function fillFromCudaWheel(stage) {
  const folder = await pipInstall(stage, [`tensorflow==${version}`])
  const metadata = readFileSync(join(folder, `tensorflow-${version}.dist-info`, 'METADATA'), 'utf8')
  const cuda = metadata.matchAll(/^Requires-Dist: (nvidia-[^;\s]+)\s*;\s*extra == ["']and-cuda["']/gm)
  await pipInstall(
    stage,
    Array.from(cuda, ([, requirement]) => requirement),
  )
  takeOutOfWheel(stage, folder)
  renameSync(join(folder, 'nvidia'), join(stage.package, 'deps', 'nvidia'))
  await compileAddon(stage)
  return `the wheel tensorflow ${version} and its CUDA libraries`
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

/** Into a folder of the stage; a checksum that is known must be right. */
async function pipInstall({ root }, requirements) {
  const folder = join(root, 'wheels')
  const list = join(root, 'requirements.txt')
  const known = requirements.every(requirement => requirement in checksums)
  const lines = requirements.map(name => (known ? `${name} --hash=sha256:${checksums[name]}` : name))
  writeFileSync(list, lines.join('\n'))
  const platforms = ['manylinux_2_28', 'manylinux_2_27', 'manylinux_2_17', 'manylinux2014']
  const options = [
    ...['--quiet', '--retries=0', '--no-deps', '--no-compile', '--only-binary=:all:'],
    ...[
      '--python-version=3.11',
      '--implementation=cp',
      ...platforms.map(name => `--platform=${name}_${wheelOf}`),
    ],
    ...(known ? ['--require-hashes'] : []),
  ]
  await run('python3', ['-m', 'pip', 'install', ...options, `--target=${folder}`, `--requirement=${list}`], {
    minutes: 20,
  })
  return folder
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
