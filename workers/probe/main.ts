import type { Rank, Tensor } from '@tensorflow/tfjs-core'
import { engineRequest } from '../../src/training/contract.js'
import { openEngine } from '../engines/choose-engine.js'
import { EngineUnavailableError, type TensorFlow } from '../engines/engine.js'
import { measuredWorkload, measureTraining } from './measure-training.js'
import type { ProbeReport } from './probe-report.js'

/** `main.js <engine>`, forked: tries an engine where the crash of a native library ends nothing but this process. */
process.on('disconnect', () => process.exit())
try {
  const engine = await openEngine(engineRequest.parse(process.argv[2]), measuredWorkload)
  const { name, device, version, gpu, tf } = engine
  await report({ kind: 'opened', device, version, gpu, imagesPerSecond: await measureTraining(engine) })
  if (name === 'tensorflow' && !gpu) await convolvePointwise(tf)
  await report({ kind: 'sound' })
} catch (error) {
  if (!(error instanceof EngineUnavailableError)) throw error
  await report({ kind: 'refused', reason: error.message })
}
process.exit()

/** The 1x1 convolutions of MobileNet's end, forward and back, as large as its images leave them. */
async function convolvePointwise(tf: TensorFlow): Promise<void> {
  const [inputs, outputs] = [512, 1024]
  for (const [batch, size] of [
    [128, 1],
    [128, 2],
    [128, 4],
    [32, 7],
  ] as const) {
    const gradients = tf.tidy(() => {
      const convolve = (x: Tensor, filter: Tensor) =>
        tf.conv2d(
          tf.reshape<Rank.R4>(x, [batch, size, size, inputs]),
          tf.reshape<Rank.R4>(filter, [1, 1, inputs, outputs]),
          1,
          'same',
        )
      return tf.grads(convolve)([tf.ones([batch * size * size * inputs]), tf.ones([inputs * outputs])])
    })
    await Promise.all(gradients.map(gradient => gradient.data()))
    tf.dispose(gradients)
  }
}

/** On its way before what may crash is begun. */
function report(message: ProbeReport): Promise<void> {
  return new Promise(resolve => {
    if (process.send) process.send(message, () => resolve())
    else resolve()
  })
}
