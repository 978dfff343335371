import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const own = '.lyceum/export-readers/bin/python'
/** A Python with Keras and ONNX Runtime: LYCEUM_EXPORT_READERS, or the one that CI makes. */
const python = process.env.LYCEUM_EXPORT_READERS ?? (existsSync(own) ? own : 'python3')
const isHere = spawnSync(python, ['-c', 'import keras, onnx, onnxruntime'], {
  stdio: 'ignore',
  env: environment(),
})
// CI installs them: there a test that is skipped would prove nothing.
const isRequired = process.env.LYCEUM_REQUIRE_EXPORT_READERS === '1'

/** How `t.test` skips what needs Keras and ONNX Runtime on a machine that has none. */
export const exportReaders =
  isHere.status === 0 || isRequired
    ? {}
    : { skip: 'no Python with keras, onnx and onnxruntime on this machine' }

/** What Keras and ONNX Runtime make of the files in the folders below one: see read-exports.py. */
export function readExports(directory: string): unknown {
  const output = execFileSync(python, ['test/workers/exporter/read-exports.py', directory], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    env: environment(),
  })
  return JSON.parse(output.trim().split('\n').at(-1) ?? '')
}

/** Of Keras' backends the one that needs the least. */
function environment() {
  return { ...process.env, KERAS_BACKEND: 'numpy' }
}
