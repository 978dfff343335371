import type { Shape } from '../network.js'
import type { OnnxAttribute, OnnxConstant, OnnxNode } from './onnx-graph.js'

/** Collects nodes and constants; what comes out of a node is known by its name. */
export class OnnxGraphBuilder {
  readonly nodes: OnnxNode[] = []
  readonly #constants = new Map<string, OnnxConstant>()

  get constants(): readonly OnnxConstant[] {
    return [...this.#constants.values()]
  }

  add(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>>,
    output: string,
  ): string {
    this.nodes.push({ operator, inputs, output, attributes })
    return output
  }

  integers(name: string, values: readonly number[]): string {
    return this.#keep({ kind: 'int64', name, shape: [values.length], values })
  }

  /** A number by itself. */
  float(name: string, value: number): string {
    return this.#keep({ kind: 'float32', name, shape: [], values: [value] })
  }

  weight(name: string, shape: Shape, axes: readonly number[]): string {
    return this.#keep({ kind: 'weight', name, shape, weight: name, axes })
  }

  /** @param shape of one sample, channels last */
  channelsFirst(x: string, shape: Shape): string {
    const axes = shape.map((_, axis) => axis + 1)
    return this.#transpose(x, [0, shape.length, ...axes.slice(0, -1)], 'channels-first')
  }

  /** @param shape of one sample, channels last, whose tensor lies channels first */
  channelsLast(x: string, shape: Shape): string {
    const [, ...others] = shape.map((_, axis) => axis + 1)
    return this.#transpose(x, [0, ...others, 1], 'channels-last')
  }

  #transpose(x: string, axes: readonly number[], what: string): string {
    if (axes.every((axis, place) => axis === place)) return x
    const turned = `${x}/${what}`
    // Several layers may read the same tensor.
    if (this.nodes.some(({ output }) => output === turned)) return turned
    return this.add('Transpose', [x], { perm: { ints: axes } }, turned)
  }

  #keep(constant: OnnxConstant): string {
    this.#constants.set(constant.name, constant)
    return constant.name
  }
}
