import t from 'tap'
import { augmentation } from '../../../src/training/contract.js'
import { type Distortion, distort, drawDistortion } from '../../../workers/trainer/augment.js'
import { readBatch } from '../../../workers/trainer/batches.js'

type ImageShape = readonly [height: number, width: number, channels: number]

const untouched: Distortion = {
  angle: 0,
  flip: false,
  shift: [0, 0],
  blackened: { top: 0, left: 0, bottom: 0, right: 0 },
}

/** A distorted image, its numbers again those of the pixels, to four digits. */
function apply(distortion: Partial<Distortion>, shape: ImageShape, pixels: number[]): number[] {
  const target = new Float32Array(pixels.length)
  distort({ ...untouched, ...distortion }, shape, Uint8Array.from(pixels), target)
  return Array.from(target, value => Math.round(value * 255 * 1e4) / 1e4)
}

const square = [1, 2, 3, 4, 5, 6, 7, 8, 9]

t.test('an image is moved, and what comes in is black', async t => {
  t.strictSame(apply({}, [3, 3, 1], square), square)
  t.strictSame(apply({ shift: [1, 0] }, [3, 3, 1], square), [0, 0, 0, 1, 2, 3, 4, 5, 6])
  t.strictSame(apply({ shift: [-1, 2] }, [3, 3, 1], square), [0, 0, 4, 0, 0, 7, 0, 0, 0])
  t.strictSame(apply({ shift: [3, 0] }, [3, 3, 1], square), new Array(9).fill(0))
})

t.test('an image is mirrored, and then moved', async t => {
  t.strictSame(apply({ flip: true }, [3, 3, 1], square), [3, 2, 1, 6, 5, 4, 9, 8, 7])
  t.strictSame(apply({ flip: true, shift: [0, 1] }, [3, 3, 1], square), [0, 3, 2, 0, 6, 5, 0, 9, 8])
  t.strictSame(apply({ flip: true }, [1, 2, 3], [1, 2, 3, 4, 5, 6]), [4, 5, 6, 1, 2, 3], 'channels stay')
})

t.test('an image is turned anticlockwise about its centre, between pixels by their distance', async t => {
  t.strictSame(apply({ angle: Math.PI / 2 }, [3, 3, 1], square), [3, 6, 9, 2, 5, 8, 1, 4, 7])
  t.strictSame(apply({ angle: Math.PI }, [3, 3, 1], square), [...square].reverse())
  t.strictSame(apply({ angle: Math.PI / 2 }, [2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]), [3, 4, 7, 8, 1, 2, 5, 6])
  // A bright pixel at the centre's right, by 45 degrees. The corner above it looks sqrt(2) to the right of the
  // centre, past the pixel at 1; the pixel between the two looks cos 45° to the right and as much above.
  const [near, far] = [1 - Math.SQRT1_2, Math.SQRT1_2]
  const turned = apply({ angle: Math.PI / 4 }, [3, 3, 1], [0, 0, 0, 0, 0, 100, 0, 0, 0])
  const corner = 100 * (2 - Math.SQRT2)
  t.ok(Math.abs((turned[2] ?? 0) - corner) < 0.001, `the corner is ${turned[2]}`)
  t.ok(Math.abs((turned[1] ?? 0) - 100 * far * near) < 0.001, `beside it is ${turned[1]}`)
})

t.test('a square is blackened, cut off at the edges', async t => {
  const black = { top: -1, left: 1, bottom: 2, right: 4 }
  t.strictSame(apply({ blackened: black }, [3, 3, 1], square), [1, 0, 0, 4, 0, 0, 7, 8, 9])
  t.strictSame(
    apply({ shift: [0, 1], blackened: black }, [3, 3, 1], square),
    [0, 0, 0, 0, 0, 0, 0, 7, 8],
    'after it was moved',
  )
})

t.test('draws stay in their bounds and come to all of them', async t => {
  const spec = augmentation.parse({
    rotation: 15,
    horizontalFlip: true,
    shift: 0.1,
    cropPadding: 2,
    cutout: 8,
  })
  const draws = Array.from({ length: 4000 }, (_, index) => drawDistortion(spec, [28, 28, 1], 7, 3, index))
  const rows = draws.map(({ shift }) => shift[0])
  t.strictSame([Math.min(...rows), Math.max(...rows)], [-4, 4], 'two rows by shift and two by crop')
  const degrees = draws.map(({ angle }) => (angle * 180) / Math.PI)
  t.ok(Math.min(...degrees) >= -15 && Math.max(...degrees) <= 15)
  t.ok(Math.min(...degrees) < -14.9 && Math.max(...degrees) > 14.9)
  const flips = draws.filter(({ flip }) => flip).length
  t.ok(Math.abs(flips - 2000) < 5 * Math.sqrt(1000), `${flips} of 4000 are mirrored`)
  const tops = draws.map(({ blackened }) => blackened.top)
  t.strictSame([Math.min(...tops), Math.max(...tops)], [-4, 23], 'around centres from row 0 to row 27')
  t.ok(draws.every(({ blackened }) => blackened.bottom - blackened.top === 8))
})

t.test('one more kind of augmentation leaves the others as they were drawn', async t => {
  const turned = drawDistortion(augmentation.parse({ rotation: 15 }), [28, 28, 1], 7, 3, 5)
  const both = drawDistortion(augmentation.parse({ rotation: 15, cutout: 4 }), [28, 28, 1], 7, 3, 5)
  t.equal(both.angle, turned.angle)
  t.notSame(drawDistortion(augmentation.parse({ rotation: 15 }), [28, 28, 1], 7, 4, 5).angle, turned.angle)
  t.notSame(drawDistortion(augmentation.parse({ rotation: 15 }), [28, 28, 1], 8, 3, 5).angle, turned.angle)
})

t.test('an image is varied alike in whatever batch and place it comes', async t => {
  const shape = [8, 8, 3] as const
  const set = {
    count: 6,
    pixels: Uint8Array.from({ length: 6 * 192 }, (_, index) => (index * 37) % 256),
    labels: Uint8Array.of(0, 1, 0, 1, 0, 1),
  }
  const spec = augmentation.parse({
    rotation: 30,
    horizontalFlip: true,
    shift: 0.2,
    cropPadding: 1,
    cutout: 3,
  })
  const variation = { augmentation: spec, seed: 1, epoch: 2 }
  const read = (...indices: number[]) => readBatch(set, shape, Uint32Array.from(indices), variation)
  const alone = read(4)
  const among = read(2, 0, 4, 5)
  t.strictSame([...among.pixels.subarray(2 * 192, 3 * 192)], [...alone.pixels])
  t.strictSame([...among.labels], [0, 0, 0, 1])
  t.not(read(4).pixels, alone.pixels, 'every batch has buffers of its own')
  const later = readBatch(set, shape, Uint32Array.of(4), { ...variation, epoch: 3 })
  t.notSame([...later.pixels], [...alone.pixels], 'and otherwise in another epoch')
})
