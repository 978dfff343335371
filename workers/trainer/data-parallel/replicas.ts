import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Network } from '../../../src/networks/network.js'
import type { TensorFlow } from '../../engines/engine.js'
import type { BatchData } from '../batches.js'
import type { Weights } from '../forward.js'
import type { GradientSource, StepPass } from '../gradient-source.js'
import type { StepGradients } from '../training-step.js'
import { createAllReduceMemory } from './all-reduce.js'
import type { ReplicaSetup, ShardJob, ShardResult } from './contract.js'
import { WeightsMemory } from './weights-memory.js'

const threadFile = new URL('./replica.js', import.meta.url)

/**
 * Gradients of a batch in parts, each computed by a thread with a whole copy of the network; batch normalisation sees
 * the batch whole. The same number of threads gives the same bits.
 */
export class Replicas implements GradientSource {
  readonly #tf: TensorFlow
  readonly #imageSize: number
  readonly #weights: WeightsMemory
  readonly #replicas: readonly Replica[]

  constructor(tf: TensorFlow, network: Network, seed: number, count: number) {
    this.#tf = tf
    this.#imageSize = network.inputShape.reduce((product, length) => product * length, 1)
    this.#weights = new WeightsMemory(network)
    const reduction = createAllReduceMemory(count, longestSums(network))
    this.#replicas = Array.from({ length: count }, (_, rank) => {
      return new Replica({ rank, network, seed, reduction, weights: this.#weights.buffer })
    })
  }

  async compute(weights: Weights, batch: BatchData, pass: StepPass): Promise<StepGradients> {
    for (const [place, { numbers }] of this.#weights.places.entries()) {
      const weight = weights[place]
      if (weight) numbers.set(await weight.data<'float32'>())
    }
    const parts = this.#split(batch, pass)
    const results = await Promise.all(parts.map(({ replica, job }) => replica.run(job)))
    return this.#sum(results, pass)
  }

  async close(): Promise<void> {
    await Promise.all(this.#replicas.map(replica => replica.close()))
  }

  /** Parts of one size, the first ones an image larger where that does not come out even. */
  #split({ pixels, labels }: BatchData, pass: StepPass): { replica: Replica; job: ShardJob }[] {
    const batchSize = labels.length
    const participants = Math.min(this.#replicas.length, batchSize)
    return this.#replicas.slice(0, participants).map((replica, rank) => {
      const first = Math.ceil((batchSize * rank) / participants)
      const next = Math.ceil((batchSize * (rank + 1)) / participants)
      const part = {
        pixels: pixels.slice(first * this.#imageSize, next * this.#imageSize),
        labels: labels.slice(first, next),
      }
      return { replica, job: { ...part, ...pass, first, batchSize, participants } }
    })
  }

  #sum(results: readonly ShardResult[], { trainable }: StepPass): StepGradients {
    const tf = this.#tf
    const [total = [], ...others] = this.#replicas
      .slice(0, results.length)
      .map(({ gradients }) => gradients.places)
    // In the order of the ranks, in the memory of the first. What batch normalisation saw is the same in all.
    for (const places of others) {
      for (const [place, { numbers }] of places.entries()) {
        if (trainable[place]) addTo(total[place]?.numbers, numbers)
      }
    }
    const statistics = new Set(results[0]?.statistics)
    const tensors = (isWanted: (place: number) => boolean) =>
      total.map(({ numbers, shape }, place) => (isWanted(place) ? tf.tensor(numbers, shape) : undefined))
    return {
      loss: tf.scalar(results.reduce((sum, { loss }) => sum + loss, 0)),
      correct: tf.scalar(results.reduce((sum, { correct }) => sum + correct, 0)),
      gradients: tensors(place => trainable[place] === true),
      statistics: tensors(place => statistics.has(place)),
    }
  }
}

/** One replica, as the training thread sees it. */
class Replica {
  readonly gradients: WeightsMemory
  readonly #worker: Worker
  readonly #failed: Promise<never>

  constructor(setup: Omit<ReplicaSetup, 'gradients'>) {
    this.gradients = new WeightsMemory(setup.network)
    const workerData: ReplicaSetup = { ...setup, gradients: this.gradients.buffer }
    this.#worker = new Worker(threadFile, { workerData })
    this.#failed = once(this.#worker, 'error').then(([error]) => {
      throw error
    })
    // Also while nobody waits for it.
    this.#failed.catch(() => {})
  }

  async run(job: ShardJob): Promise<ShardResult> {
    this.#worker.postMessage(job)
    const [result] = await Promise.race([once(this.#worker, 'message'), this.#failed])
    return result
  }

  /** Whatever it is doing: it holds nothing that would be lost. */
  async close(): Promise<void> {
    await this.#worker.terminate()
  }
}

function addTo(total: Float32Array | undefined, numbers: Float32Array): void {
  if (!total) return
  for (let i = 0; i < total.length; i++) total[i] = (total[i] ?? 0) + (numbers[i] ?? 0)
}

/** Of the sums that batch normalisation makes: two for each channel, and how many numbers they are of. */
function longestSums(network: Network): number {
  const channels = network.layers.map(layer =>
    layer.type === 'batchNormalization' ? (layer.weights[0]?.shape[0] ?? 0) : 0,
  )
  return 2 * Math.max(0, ...channels) + 1
}
