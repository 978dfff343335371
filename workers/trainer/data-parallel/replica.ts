// The thread of one replica: for each job it computes the gradients of its part of the batch, with an engine of its own.
import { parentPort, workerData } from 'node:worker_threads'
import { openWasmEngine } from '../../engines/wasm.js'
import { toTensors } from '../batches.js'
import { dropoutMasks } from '../dropout.js'
import { computeGradients } from '../training-step.js'
import { AllReduce } from './all-reduce.js'
import type { ReplicaSetup, ShardJob, ShardResult } from './contract.js'
import { WeightsMemory } from './weights-memory.js'

const setup: ReplicaSetup = workerData
const { network } = setup
const reduction = new AllReduce(setup.reduction, setup.rank)
const memory = new WeightsMemory(network, setup.weights)
const results = new WeightsMemory(network, setup.gradients)
const { tf } = await openWasmEngine(undefined, sums => reduction.sum(sums))

parentPort?.on('message', (job: ShardJob) => parentPort?.postMessage(compute(job)))

function compute(job: ShardJob): ShardResult {
  reduction.participants = job.participants
  const { numTensors } = tf.memory()
  const result = tf.tidy(() => {
    const weights = memory.places.map(({ shape, numbers }) => tf.tensor(numbers, shape))
    const { loss, correct, gradients, statistics } = computeGradients(
      tf,
      network,
      weights,
      toTensors(tf, network.inputShape, job),
      {
        dropoutMask: dropoutMasks(tf, setup.seed, job.step, job.first),
        labelSmoothing: job.labelSmoothing,
        trainable: job.trainable,
        share: job.labels.length / job.batchSize,
      },
    )
    const kept = [loss, correct, ...gradients, ...statistics]
    for (const [place, { numbers }] of results.places.entries()) {
      const tensor = gradients[place] ?? statistics[place]
      if (tensor) numbers.set(tensor.dataSync<'float32'>())
    }
    const value = {
      loss: loss.dataSync()[0] ?? Number.NaN,
      correct: correct.dataSync()[0] ?? 0,
      statistics: statistics.flatMap((tensor, place) => (tensor ? [place] : [])),
    }
    tf.dispose(kept.filter(tensor => tensor !== undefined))
    return value
  })
  if (tf.memory().numTensors !== numTensors) throw new Error('a step left tensors behind')
  return result
}
