import type { KernelFunc } from '@tensorflow/tfjs-core'
import { Heap, requireInput, upstreamKernel } from './heap.js'

/**
 * The hyperbolic tangent by upstream's ELU, which takes many numbers at once, where its own takes one after another:
 * with `t = exp(-2|x|) - 1`, which ELU gives without losing the digits of a small one, tanh |x| is `-t / (t + 2)`.
 */
export function createTanh(): KernelFunc {
  const [abs, multiply, elu, add, divide] = ['Abs', 'Multiply', 'Elu', 'Add', 'RealDiv'].map(upstreamKernel)
  if (!abs || !multiply || !elu || !add || !divide) throw new Error('five kernels were named')
  return params => {
    const heap = new Heap(params)
    const x = requireInput(params, 'x')
    const [minusTwo, two] = [heap.tensorOf([-2]), heap.tensorOf([2])]
    const size = heap.run(abs, { x })
    const exponent = heap.run(multiply, { a: size, b: minusTwo })
    const t = heap.run(elu, { x: exponent })
    const divisor = heap.run(add, { a: t, b: two })
    const y = heap.run(divide, { a: t, b: divisor })
    heap.free(minusTwo, two, size, exponent, t, divisor)
    takeSigns(heap.bits(x), heap.bits(y))
    return y
  }
}

/** Gives each number of `y`, none of which is positive, the sign of that of `x`; both as the bits of float32. */
function takeSigns(x: Int32Array, y: Int32Array): void {
  let place = 0
  // Four at a time: of one, the loop itself takes longer.
  for (const end = y.length - 3; place < end; place += 4) {
    y[place] = withSign(y[place] ?? 0, x[place] ?? 0)
    y[place + 1] = withSign(y[place + 1] ?? 0, x[place + 1] ?? 0)
    y[place + 2] = withSign(y[place + 2] ?? 0, x[place + 2] ?? 0)
    y[place + 3] = withSign(y[place + 3] ?? 0, x[place + 3] ?? 0)
  }
  for (; place < y.length; place++) y[place] = withSign(y[place] ?? 0, x[place] ?? 0)
}

function withSign(value: number, sign: number): number {
  return (value & 0x7fffffff) | (sign & -0x80000000)
}
