import type { Tensor } from '@tensorflow/tfjs-core'
import type { Network } from '../../src/networks/network.js'
import type { OptimizerSpec } from '../../src/training/contract.js'
import type { TensorFlow } from '../engines/engine.js'
import { type UpdateRule, updateRule } from './update-rules.js'

/** All that an optimizer remembers: put back, it goes on as if it had never stopped. */
export interface OptimizerState {
  steps: number
  /** By the slot's name and its weight's place, such as `velocity/3`. */
  slots: ReadonlyMap<string, Tensor>
}

/** Turns gradients into better weights. */
export class Optimizer {
  readonly #tf: TensorFlow
  readonly #spec: OptimizerSpec
  readonly #rule: UpdateRule
  readonly #decays: (place: number) => boolean
  readonly #factors: readonly number[]
  #steps = 0
  /** By the weight's place, in the order of the rule's slots. */
  #memory = new Map<number, Tensor[]>()
  /** What was made for `state` alone. */
  #shown: Tensor[] = []

  /**
   * @param decays tells the places of the weights that weight decay is for
   * @param factors of the learning rate, by the weight's place; 1 where there is none
   */
  constructor(
    tf: TensorFlow,
    spec: OptimizerSpec,
    decays: (place: number) => boolean,
    factors: readonly number[] = [],
  ) {
    this.#tf = tf
    this.#spec = spec
    this.#rule = updateRule(tf, spec)
    this.#factors = factors
    this.#decays = spec.weightDecay > 0 ? decays : () => false
  }

  /**
   * The weights after one more step; one without a gradient stays as it is. Weights and gradients given stay
   * the caller's.
   */
  update(
    weights: readonly Tensor[],
    gradients: readonly (Tensor | undefined)[],
    learningRate: number,
  ): Tensor[] {
    this.#steps++
    this.#forgetShown()
    return weights.map((weight, place) => {
      const gradient = gradients[place]
      const rate = learningRate * (this.#factors[place] ?? 1)
      return gradient ? this.#updateOne(weight, gradient, place, rate) : this.#tf.clone(weight)
    })
  }

  /** Begins anew, as if no step had been taken. */
  reset(): void {
    this.restore({ steps: 0, slots: new Map() })
  }

  /** Its tensors stay the optimizer's, and are gone after the next step. */
  state(): OptimizerState {
    const { slots: names, keeping } = this.#rule
    this.#forgetShown()
    const slots = [...this.#memory].flatMap(([place, tensors]) =>
      tensors.map(
        (tensor, index) => [slotName(names[index], place), keeping?.read(tensor) ?? tensor] as const,
      ),
    )
    if (keeping) this.#shown = slots.map(([, tensor]) => tensor)
    return { steps: this.#steps, slots: new Map(slots) }
  }

  /** Takes the state's tensors over. */
  restore({ steps, slots }: OptimizerState): void {
    this.dispose()
    this.#steps = steps
    const places = new Set([...slots.keys()].map(name => Number(name.split('/')[1])))
    for (const place of places) {
      const tensors = this.#rule.slots.map(name => requireSlot(slots.get(slotName(name, place))))
      this.#memory.set(
        place,
        tensors.map(tensor => this.#take(tensor)),
      )
    }
  }

  dispose(): void {
    for (const tensors of this.#memory.values()) this.#tf.dispose(tensors)
    this.#memory.clear()
    this.#forgetShown()
  }

  #forgetShown(): void {
    this.#tf.dispose(this.#shown)
    this.#shown = []
  }

  /** A slot as the rule keeps it. */
  #take(values: Tensor): Tensor {
    const { keeping } = this.#rule
    if (!keeping) return values
    const kept = keeping.hold(values)
    values.dispose()
    return kept
  }

  #updateOne(weight: Tensor, gradient: Tensor, place: number, learningRate: number): Tensor {
    const tf = this.#tf
    const known = this.#memory.get(place)
    const { next, memory } = tf.tidy(() => {
      const { pulled, slope } = this.#decay(weight, gradient, place, learningRate)
      const before = known ?? this.#rule.slots.map(() => this.#take(tf.zerosLike(weight)))
      return this.#rule.move(pulled, slope, before, learningRate, this.#steps)
    })
    if (known) tf.dispose(known.filter(tensor => !memory.includes(tensor)))
    if (memory.length > 0) this.#memory.set(place, memory)
    return next
  }

  /** The weight and the gradient that the rule goes on from: decay changes one or the other. */
  #decay(weight: Tensor, gradient: Tensor, place: number, rate: number): { pulled: Tensor; slope: Tensor } {
    const { name, weightDecay } = this.#spec
    const tf = this.#tf
    if (!this.#decays(place)) return { pulled: weight, slope: gradient }
    if (name === 'adamw') return { pulled: tf.mul(weight, 1 - rate * weightDecay), slope: gradient }
    return { pulled: weight, slope: tf.add(gradient, tf.mul(weight, weightDecay)) }
  }
}

/** An optimizer for a network's weights, of which the kernels decay, and with `decayAll` every other one. */
export function createOptimizer(
  tf: TensorFlow,
  spec: OptimizerSpec,
  network: Network,
  factors?: readonly number[],
): Optimizer {
  const isKernel = network.layers.flatMap(({ weights }) =>
    weights.map(({ name }) => name === 'kernel' || name === 'depthwise_kernel'),
  )
  return new Optimizer(tf, spec, place => spec.decayAll || isKernel[place] === true, factors)
}

function slotName(name: string | undefined, place: number): string {
  return `${name}/${place}`
}

function requireSlot(tensor: Tensor | undefined): Tensor {
  if (!tensor) throw new Error('the state is of another optimizer')
  return tensor
}
