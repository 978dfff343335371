import type { Tensor } from '@tensorflow/tfjs-core'
import type { OptimizerSpec } from '../../src/training/contract.js'
import type { TensorFlow } from '../engines/engine.js'

/** Turns gradients into better weights; keeps its own moments between steps. */
export interface Optimizer {
  /**
   * The weights after one more step; one without a gradient stays as it is. Weights and gradients given stay the
   * caller's.
   */
  update(
    weights: readonly Tensor[],
    gradients: readonly (Tensor | undefined)[],
    learningRate: number,
  ): Tensor[]
  dispose(): void
}

export function createOptimizer(tf: TensorFlow, spec: OptimizerSpec): Optimizer {
  return spec.name === 'sgd' ? createSgd(tf, spec) : createAdam(tf, spec)
}

/**
 * Stochastic gradient descent: `v = momentum v - rate g`, `w = w + v`; with Nesterov's momentum
 * `w = w + momentum v - rate g`, in the form of I. Sutskever, J. Martens, G. Dahl and G. Hinton, “On the
 * importance of initialization and momentum in deep learning”, ICML 2013, as Keras writes it.
 */
function createSgd(tf: TensorFlow, spec: Extract<OptimizerSpec, { name: 'sgd' }>): Optimizer {
  const { momentum, nesterov } = spec
  let velocities: (Tensor | undefined)[] = []
  return {
    update(weights, gradients, learningRate) {
      return weights.map((weight, index) =>
        tf.tidy(() => {
          const gradient = gradients[index]
          if (!gradient) return tf.clone(weight)
          const step = tf.mul(gradient, -learningRate)
          if (momentum === 0) return tf.add(weight, step)
          const before = velocities[index]
          const velocity = before ? tf.add(tf.mul(before, momentum), step) : tf.clone(step)
          before?.dispose()
          velocities[index] = tf.keep(velocity)
          return tf.add(weight, nesterov ? tf.add(tf.mul(velocity, momentum), step) : velocity)
        }),
      )
    },
    dispose() {
      tf.dispose(velocities.filter(velocity => velocity !== undefined))
      velocities = []
    },
  }
}

/**
 * Adam: steps by the mean of past gradients over the root of their mean square. Source: D. P. Kingma and
 * J. Ba, “Adam: a method for stochastic optimization”, ICLR 2015, algorithm 1 in the order of computation given
 * at the end of its section 2, which is also Keras'.
 */
function createAdam(tf: TensorFlow, spec: Extract<OptimizerSpec, { name: 'adam' }>): Optimizer {
  const { beta1, beta2, epsilon } = spec
  let moments: ({ first: Tensor; second: Tensor } | undefined)[] = []
  let steps = 0
  return {
    update(weights, gradients, learningRate) {
      steps++
      // The powers are taken afresh: a product kept over many steps would drift.
      const rate = (learningRate * Math.sqrt(1 - beta2 ** steps)) / (1 - beta1 ** steps)
      return weights.map((weight, index) =>
        tf.tidy(() => {
          const gradient = gradients[index]
          if (!gradient) return tf.clone(weight)
          const before = moments[index] ?? { first: tf.zerosLike(weight), second: tf.zerosLike(weight) }
          const first = tf.add(tf.mul(before.first, beta1), tf.mul(gradient, 1 - beta1))
          const second = tf.add(tf.mul(before.second, beta2), tf.mul(tf.square(gradient), 1 - beta2))
          tf.dispose([before.first, before.second])
          moments[index] = { first: tf.keep(first), second: tf.keep(second) }
          return tf.sub(weight, tf.div(tf.mul(first, rate), tf.add(tf.sqrt(second), epsilon)))
        }),
      )
    },
    dispose() {
      tf.dispose(moments.flatMap(moment => (moment ? [moment.first, moment.second] : [])))
      moments = []
    },
  }
}
