import type { KernelFunc } from '@tensorflow/tfjs-core'
import { z } from 'zod'
import { Heap, requireInput, upstreamKernel } from './heap.js'

const attributes = z.object({ dtype: z.string() })

/** To the type that the numbers have already, which a ReLU's gradient asks for, nothing is copied. */
export function createCast(): KernelFunc {
  const upstreamCast = upstreamKernel('Cast')
  return params => {
    const heap = new Heap(params)
    const x = requireInput(params, 'x')
    return attributes.parse(params.attrs).dtype === x.dtype
      ? heap.share(x)
      : heap.run(upstreamCast, { x }, params.attrs)
  }
}
