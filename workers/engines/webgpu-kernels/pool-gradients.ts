import type { WebGPUBackend, WebGPUProgram } from '@tensorflow/tfjs-backend-webgpu'
import { backend_util, type KernelFunc, type NamedAttrMap, type TensorInfo } from '@tensorflow/tfjs-core'
import { z } from 'zod'

const imageShape = z.tuple([z.number(), z.number(), z.number(), z.number()])
const pair = z.union([z.number(), z.tuple([z.number(), z.number()])])
const attributes = z.object({ filterSize: pair, strides: pair, pad: z.enum(['valid', 'same']) })

/** Of upstream's dispatch, what its own programs are made with. */
type Dispatch = typeof import('@tensorflow/tfjs-backend-webgpu').webgpu_util

/**
 * The gradient of max-pooling: all of it to the first maximum of a window, as TensorFlow has it. Upstream's gives
 * it to the last.
 */
export function createMaxPoolGrad(backend: WebGPUBackend, dispatch: Dispatch): KernelFunc {
  return ({ inputs, attrs }) => {
    const { dy, input, output } = inputs
    if (!dy || !input || !output) throw new Error('an input is missing')
    // Of the places before this one in the window, none holds the maximum too.
    const share = `
      let maximum = getY(batch, outRow, outColumn, channel);
      var isFirst = getX(batch, row, column, channel) == maximum;
      for (var place = 0; isFirst && place < windowRow * uniforms.window.y + windowColumn; place++) {
        let r = row - windowRow + place / uniforms.window.y;
        let c = column - windowColumn + place % uniforms.window.y;
        if (r >= 0 && c >= 0 && c < uniforms.size2d.y && getX(batch, r, c, channel) == maximum) {
          isFirst = false;
        }
      }
      if (isFirst) { sum += getDy(batch, outRow, outColumn, channel); }`
    const names = { dy: dy, x: input, y: output }
    return run(backend, dispatch, { name: 'maxPool', names, share, input, attrs })
  }
}

/**
 * The gradient of average pooling: an equal share to each place of a window that lies within the image. Upstream's
 * counts those beyond its edge, too.
 */
export function createAvgPoolGrad(backend: WebGPUBackend, dispatch: Dispatch): KernelFunc {
  return ({ inputs, attrs }) => {
    const { dy, input } = inputs
    if (!dy || !input) throw new Error('an input is missing')
    const share = `
      let begin = vec2<i32>(row - windowRow, column - windowColumn);
      let extent = min(begin + uniforms.window, uniforms.size2d) - max(begin, vec2<i32>(0, 0));
      sum += getDy(batch, outRow, outColumn, channel) / f32(extent.x * extent.y);`
    return run(backend, dispatch, { name: 'avgPool', names: { dy }, share, input, attrs })
  }
}

interface PoolGradient {
  name: string
  /** What the program reads, by the names that it has there. */
  names: Record<string, TensorInfo>
  /** Adds to `sum` what comes back to a number of the input from one window over it. */
  share: string
  input: TensorInfo
  attrs: NamedAttrMap | undefined
}

/** For each number of the input, in parallel: the sum over the windows that it is under. */
function run(
  backend: WebGPUBackend,
  { computeDispatch, flatDispatchLayout }: Dispatch,
  { name, names, share, input, attrs }: PoolGradient,
): TensorInfo {
  const { filterSize, strides, pad } = attributes.parse(attrs)
  const shape = imageShape.parse(input.shape)
  const pool = backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad)
  const workgroupSize: [number, number, number] = [64, 1, 1]
  const dispatchLayout = flatDispatchLayout(shape)
  const program: WebGPUProgram = {
    outputShape: shape,
    workgroupSize,
    dispatchLayout,
    dispatch: computeDispatch(dispatchLayout, shape, workgroupSize),
    variableNames: Object.keys(names),
    uniforms:
      'strides : vec2<i32>, pads : vec2<i32>, window : vec2<i32>, size2d : vec2<i32>, outSize2d : vec2<i32>,',
    shaderKey: `lyceum${name}Grad`,
    size: true,
    getUserCode: () => `
      fn main(index : i32) {
        if (index >= uniforms.size) { return; }
        let coords = getCoordsFromIndex(index);
        let batch = coords[0];
        let row = coords[1];
        let column = coords[2];
        let channel = coords[3];
        var sum = 0.0;
        for (var windowRow = 0; windowRow < uniforms.window.x; windowRow++) {
          let fromTop = row + uniforms.pads.x - windowRow;
          let outRow = fromTop / uniforms.strides.x;
          if (fromTop < 0 || fromTop % uniforms.strides.x != 0 || outRow >= uniforms.outSize2d.x) { continue; }
          for (var windowColumn = 0; windowColumn < uniforms.window.y; windowColumn++) {
            let fromLeft = column + uniforms.pads.y - windowColumn;
            let outColumn = fromLeft / uniforms.strides.y;
            if (fromLeft < 0 || fromLeft % uniforms.strides.y != 0 || outColumn >= uniforms.outSize2d.y) {
              continue;
            }
            ${share}
          }
        }
        setOutputAtIndex(index, sum);
      }`,
  }
  return backend.runWebGPUProgram(program, Object.values(names), 'float32', [
    { type: 'int32', data: [pool.strideHeight, pool.strideWidth] },
    { type: 'int32', data: [pool.padInfo.top, pool.padInfo.left] },
    { type: 'int32', data: [pool.filterHeight, pool.filterWidth] },
    { type: 'int32', data: [pool.inHeight, pool.inWidth] },
    { type: 'int32', data: [pool.outHeight, pool.outWidth] },
  ])
}
