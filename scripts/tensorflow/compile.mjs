// Compiles the addon of an unpacked @tensorflow/tfjs-node-gpu against the library in its `deps/`.
import { copyFileSync, cpSync, existsSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { answers, run } from './run.mjs'

const here = dirname(fileURLToPath(import.meta.url))

/** What compiling needs and this machine lacks. */
export function missingForCompiling() {
  const compiler = process.env.CXX ?? 'g++'
  return [
    ...(answers(compiler, '--version') ? [] : [`${compiler}, a C++ compiler`]),
    ...(answers('make', '--version') ? [] : ['make']),
    ...(answers('python3', '--version') ? [] : ['python3']),
  ]
}

export async function compileAddon(stage) {
  const deps = join(stage.package, 'deps')
  linkForLinker(join(deps, 'lib'))
  const headers = join(stage.root, 'headers', 'include', 'node')
  cpSync(join(stage.modules, 'node-api-headers', 'include'), headers, { recursive: true })
  copyFileSync(join(here, 'common.gypi'), join(headers, 'common.gypi'))
  await run(
    process.execPath,
    [
      join(stage.modules, 'node-gyp', 'bin', 'node-gyp.js'),
      'rebuild',
      `--nodedir=${join(stage.root, 'headers')}`,
      '--module_name=tfjs_binding',
      `--module_path=${join(stage.package, 'lib', 'napi-v8')}`,
      '--napi_build_version=8',
    ],
    { cwd: stage.package },
  )
  // Needed no more.
  for (const folder of [join(stage.package, 'build'), join(deps, 'include')]) {
    rmSync(folder, { recursive: true })
  }
}

/** The names under which the addon's recipe links, for libraries that have only the names under which they load. */
function linkForLinker(folder) {
  for (const [name, candidates] of [
    ['libtensorflow.so', /^libtensorflow(_cc)?\.so\.2$/],
    ['libtensorflow_framework.so', /^libtensorflow_framework\.so\.2$/],
  ]) {
    const library = readdirSync(folder).find(file => candidates.test(file))
    if (!library) throw new Error(`there is no ${name} nor anything that could be it`)
    if (!existsSync(join(folder, name))) symlinkSync(library, join(folder, name))
  }
}
