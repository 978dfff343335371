import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { readConfig } from '../../../src/config.js'
import { trainingSpec } from '../../../src/training/contract.js'
import { engineEnvironment } from '../../../workers/engines/engine-environment.js'
import { chooseForWorker } from '../../../workers/probe/choose-for-worker.js'
import { probeEngine } from '../../../workers/probe/probe-engine.js'
import { RunEngines } from '../../../workers/run-engines.js'

const program = fileURLToPath(new URL('../../support/stand-in-probe.js', import.meta.url))
const config = readConfig()

async function probe(crash: string) {
  process.env.STAND_IN_CRASH = crash
  return probeEngine('tensorflow', config, { program })
}

t.test('A probe', async t => {
  const found = {
    engine: 'tensorflow',
    device: 'CPU (stand-in)',
    version: '1',
    gpu: false,
    imagesPerSecond: 1,
  }
  await t.test('finds an engine that works as it is', async t => {
    t.strictSame(await probe(''), { ...found, workaround: {}, warnings: [] })
  })
  for (const [crash, workaround] of [
    ['without-avx', { DNNL_MAX_CPU_ISA: 'AVX' }],
    ['with-onednn', { TF_ENABLE_ONEDNN_OPTS: '0' }],
  ] as const) {
    await t.test(`finds what keeps a library alive that crashes ${crash}, and warns`, async t => {
      t.match(await probe(crash), { ...found, workaround, warnings: [/SIGFPE.*train with/] })
    })
  }
  await t.test('says so where nothing helps', async t => {
    t.match(await probe('always'), {
      ...found,
      workaround: {},
      warnings: [/SIGFPE.*Nothing that is known helps/],
    })
  })
  await t.test('refuses an engine whose process ends, with how it ended', async t => {
    t.match(await probe('at-once'), { engine: 'tensorflow', reason: /ended: SIGFPE/ })
  })
  await t.test('passes on why an engine is not there', async t => {
    t.strictSame(await probe('never-there'), { engine: 'tensorflow', reason: 'There is none.' })
  })
})

t.test('A worker without a TensorFlow binding takes a GPU by WebGPU, else wasm, and knows why', async t => {
  const settings = { ...config, tensorflowDirectory: join(t.testdir(), 'nothing') }
  const report = await chooseForWorker('auto', settings)
  t.match(report, { asked: 'auto', refused: [{ engine: 'tensorflow', reason: /engine:tensorflow/ }] })
  if (report.chosen?.gpu) t.equal(report.chosen.engine, 'webgpu')
  else {
    t.match(report.chosen, { engine: 'wasm', device: /WebAssembly/ })
    t.match(report.refused[1], { engine: 'webgpu', reason: /finds no GPU|does not load/ })
  }
  t.match(await chooseForWorker('tensorflow-gpu', settings), {
    chosen: undefined,
    refused: [{ engine: 'tensorflow-gpu', reason: /no TensorFlow binding/ }],
  })
})

t.test('A run', async t => {
  const chosen = {
    engine: 'tensorflow' as const,
    device: 'CPU (stand-in)',
    version: '1',
    gpu: false,
    imagesPerSecond: 1,
    workaround: { DNNL_MAX_CPU_ISA: 'AVX' },
    warnings: [],
  }
  const spec = (architecture: string, engine: 'auto' | 'wasm' | 'tensorflow-gpu' = 'auto') =>
    trainingSpec.parse({ architecture, dataset: 'mnist', engine })

  await t.test("has its worker's engine where it asks for none", async t => {
    const engines = new RunEngines({ asked: 'auto', chosen, refused: [] }, config, [])
    t.equal(engines.assign(spec('simple-cnn')).engine, 'tensorflow')
    t.equal(engines.assign(spec('simple-cnn', 'wasm')).engine, 'wasm')
    t.equal(engines.assign(spec('simple-cnn', 'tensorflow-gpu')).engine, 'tensorflow-gpu')
  })
  await t.test('has the workaround if its network needs one', async t => {
    const engines = new RunEngines({ asked: 'auto', chosen, refused: [] }, config, [])
    const isaOf = (architecture: string) => engines.assign(spec(architecture)).environment.DNNL_MAX_CPU_ISA
    t.equal(isaOf('mobilenet-v1-small'), 'AVX')
    t.equal(isaOf('simple-cnn'), undefined)
  })
  await t.test('has a card of its own, as long as there is one', async t => {
    const engines = new RunEngines({ asked: 'auto', chosen: { ...chosen, gpu: true }, refused: [] }, config, [
      '0',
      '2',
    ])
    const take = () => {
      const { environment, release } = engines.assign(spec('simple-cnn'))
      return { card: environment.CUDA_VISIBLE_DEVICES, release }
    }
    const [first, second] = [take(), take()]
    t.strictSame([first.card, second.card], ['0', '2'])
    second.release()
    t.equal(take().card, '2', 'one that was given back')
    t.equal(take().card, '0', 'shared where there are more runs than cards')
  })
})

t.test('The environment of an engine', async t => {
  const settings = { tensorflowDirectory: t.testdir(), engineThreads: 3 }
  await t.test('sets threads, determinism and precision, and lets the operator decide otherwise', async t => {
    t.match(engineEnvironment(settings, {}), {
      TF_NUM_INTRAOP_THREADS: '3',
      TF_DETERMINISTIC_OPS: '1',
      TF_FORCE_GPU_ALLOW_GROWTH: 'true',
      NVIDIA_TF32_OVERRIDE: '0',
    })
    t.match(engineEnvironment(settings, { NVIDIA_TF32_OVERRIDE: '1', PATH: '/bin' }), {
      NVIDIA_TF32_OVERRIDE: '1',
      PATH: '/bin',
    })
  })
  await t.test(
    'names the CUDA libraries that came with the binding, before those of the machine',
    async t => {
      const lib = join(settings.tensorflowDirectory, 'package', 'deps', 'nvidia', 'cudnn', 'lib')
      t.notOk(engineEnvironment(settings, {}).LD_LIBRARY_PATH)
      await mkdir(lib, { recursive: true })
      const compiler = join(settings.tensorflowDirectory, 'package', 'deps', 'nvidia', 'cuda_nvcc')
      const variables = engineEnvironment(settings, { LD_LIBRARY_PATH: '/own', PATH: '/bin' })
      t.match(variables, {
        LD_LIBRARY_PATH: `${lib}:/own`,
        PATH: `${join(compiler, 'bin')}:/bin`,
        XLA_FLAGS: `--xla_gpu_cuda_data_dir=${compiler}`,
        TF_CUDNN_DETERMINISTIC: '1',
      })
      t.notOk('TF_DETERMINISTIC_OPS' in variables, 'which would refuse depthwise gradients on a GPU')
    },
  )
})
