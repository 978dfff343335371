import { execFileSync, spawnSync } from 'node:child_process'
import { resolve } from 'node:path'

/** Where pip has put Keras, ONNX and ONNX Runtime; what Python itself has is looked at too. */
const packages = process.env.LYCEUM_EXPORT_READERS ?? resolve('.lyceum/export-readers')
/** Of Keras' backends the one that needs the least. */
const env = { ...process.env, KERAS_BACKEND: 'numpy', PYTHONPATH: packages }
const areHere =
  spawnSync('python3', ['-c', 'import jax, keras, onnx, onnxruntime'], { stdio: 'ignore', env }).status === 0
// CI installs them: there a test that is skipped would prove nothing.
const areRequired = process.env.LYCEUM_REQUIRE_EXPORT_READERS === '1'

/** How `t.test` skips what needs Keras and ONNX Runtime on a machine that has none. */
export const withExportReaders =
  areHere || areRequired ? {} : { skip: 'no Keras and ONNX Runtime in Python on this machine' }

/** What Keras and ONNX Runtime make of the files in the folders below one: see read-exports.py. */
export function readExports(directory: string): unknown {
  const output = execFileSync('python3', ['test/workers/exporter/read-exports.py', directory], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    env,
  })
  return JSON.parse(output.trim().split('\n').at(-1) ?? '')
}
