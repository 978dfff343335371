import type { Tensor } from '@tensorflow/tfjs-core'
import type { OptimizerSpec } from '../../src/training/contract.js'
import { hasAdam, hold, readHeld, stepByAdam } from '../engines/adam.js'
import type { TensorFlow } from '../engines/engine.js'

/** How one weight moves by one gradient. */
export interface UpdateRule {
  /** What is remembered of each weight from step to step, all of it zero at first. */
  slots: readonly string[]
  /** A slot's numbers as the rule keeps them, and back again; without it they are kept as they are. */
  keeping?: { hold(values: Tensor): Tensor; read(kept: Tensor): Tensor }
  /**
   * @param memory the slots, in their order
   * @param steps how many have been taken, this one among them
   * @returns the weight and the slots from now on, which may be those given, changed
   */
  move(
    weight: Tensor,
    gradient: Tensor,
    memory: readonly Tensor[],
    learningRate: number,
    steps: number,
  ): { next: Tensor; memory: Tensor[] }
}

type SpecOf<Name extends OptimizerSpec['name']> = Extract<OptimizerSpec, { name: Name }>

export function updateRule(tf: TensorFlow, spec: OptimizerSpec): UpdateRule {
  switch (spec.name) {
    case 'sgd':
      return spec.momentum === 0 ? descent(tf) : momentum(tf, spec)
    case 'rmsprop':
      return rmsprop(tf, spec)
    case 'adam':
    case 'adamw':
      return hasAdam(tf) ? wholeAdam(tf, spec) : adam(tf, spec)
  }
}

/** Stochastic gradient descent: `w = w - rate g`. */
function descent(tf: TensorFlow): UpdateRule {
  return {
    slots: [],
    move: (weight, gradient, _memory, rate) => ({
      next: tf.add(weight, tf.mul(gradient, -rate)),
      memory: [],
    }),
  }
}

/**
 * With momentum: `v = momentum v - rate g`, `w = w + v`; with Nesterov's `w = w + momentum v - rate g`, in
 * the form of I. Sutskever, J. Martens, G. Dahl and G. Hinton, “On the importance of initialization and
 * momentum in deep learning”, ICML 2013, as Keras writes it. PyTorch leaves the rate out of `v`, which
 * differs where the rate changes.
 */
function momentum(tf: TensorFlow, { momentum, nesterov }: SpecOf<'sgd'>): UpdateRule {
  return {
    slots: ['velocity'],
    move(weight, gradient, memory, rate) {
      const step = tf.mul(gradient, -rate)
      const velocity = tf.add(tf.mul(at(memory, 0), momentum), step)
      const change = nesterov ? tf.add(tf.mul(velocity, momentum), step) : velocity
      return { next: tf.add(weight, change), memory: [velocity] }
    },
  }
}

/**
 * Steps by the gradient over the root of the mean of its past squares. Source: T. Tieleman and G. Hinton,
 * “Lecture 6.5: RMSprop”, Coursera: Neural Networks for Machine Learning, 2012; epsilon under the root and
 * momentum as in Keras (PyTorch has epsilon outside of it).
 */
function rmsprop(tf: TensorFlow, { rho, momentum, epsilon }: SpecOf<'rmsprop'>): UpdateRule {
  return {
    slots: momentum === 0 ? ['meanSquare'] : ['meanSquare', 'velocity'],
    move(weight, gradient, memory, rate) {
      const meanSquare = follow(tf, at(memory, 0), tf.square(gradient), rho)
      const step = tf.div(tf.mul(gradient, -rate), tf.sqrt(tf.add(meanSquare, epsilon)))
      if (momentum === 0) return { next: tf.add(weight, step), memory: [meanSquare] }
      const velocity = tf.add(tf.mul(at(memory, 1), momentum), step)
      return { next: tf.add(weight, velocity), memory: [meanSquare, velocity] }
    },
  }
}

/**
 * Steps by the mean of past gradients over the root of their mean square. Source: D. P. Kingma and J. Ba,
 * “Adam: a method for stochastic optimization”, ICLR 2015, algorithm 1 in the order of computation given at
 * the end of its section 2, which is also Keras' (PyTorch adds epsilon after the correction of bias).
 */
function adam(tf: TensorFlow, spec: SpecOf<'adam' | 'adamw'>): UpdateRule {
  const { beta1, beta2, epsilon } = spec
  return {
    slots: ['mean', 'meanSquare'],
    move(weight, gradient, memory, rate, steps) {
      const mean = follow(tf, at(memory, 0), gradient, beta1)
      const meanSquare = follow(tf, at(memory, 1), tf.square(gradient), beta2)
      const corrected = correctRate(spec, rate, steps)
      const change = tf.div(tf.mul(mean, -corrected), tf.add(tf.sqrt(meanSquare), epsilon))
      return { next: tf.add(weight, change), memory: [mean, meanSquare] }
    },
  }
}

/** The same as one operation of the engine. */
function wholeAdam(tf: TensorFlow, spec: SpecOf<'adam' | 'adamw'>): UpdateRule {
  const { beta1, beta2, epsilon } = spec
  return {
    slots: ['mean', 'meanSquare'],
    keeping: { hold: values => hold(tf, values), read: kept => readHeld(tf, kept) },
    move(weight, gradient, memory, rate, steps) {
      const [mean, meanSquare] = [at(memory, 0), at(memory, 1)]
      const step = { rate: correctRate(spec, rate, steps), beta1, beta2, epsilon }
      return {
        next: stepByAdam(tf, { weight, gradient, mean, meanSquare }, step),
        memory: [mean, meanSquare],
      }
    },
  }
}

/** Makes good that Adam's averages begin at zero. The powers are taken afresh: a product kept would drift. */
function correctRate({ beta1, beta2 }: SpecOf<'adam' | 'adamw'>, rate: number, steps: number): number {
  return (rate * Math.sqrt(1 - beta2 ** steps)) / (1 - beta1 ** steps)
}

/** A moving average. */
function follow(tf: TensorFlow, average: Tensor, value: Tensor, decay: number): Tensor {
  return tf.add(tf.mul(average, decay), tf.mul(value, 1 - decay))
}

function at(tensors: readonly Tensor[], place: number): Tensor {
  const tensor = tensors[place]
  if (!tensor) throw new Error('a weight has fewer slots than its optimizer asks for')
  return tensor
}
