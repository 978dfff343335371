import { RandomStream } from '../random/random-stream.js'
import type { DatasetSource, ImageSet } from './dataset.js'

const SIDE = 32
const CHANNELS = 3
const TRAINING_IMAGES = 10_000
const TEST_IMAGES = 2_000
/** Never to be changed: it would change what is measured on these images. */
const SEED = 323

/** Whether a point belongs to the shape; `x` (to the right) and `y` (down) from -1 to 1 within its square. */
type Shape = (x: number, y: number) => boolean
type Colour = readonly [red: number, green: number, blue: number]

/** In the order of the class names. Only sums, products and comparisons: every machine draws the same pixels. */
const shapes: readonly [Shape, ...Shape[]] = [
  (x, y) => x * x + y * y < 1,
  (x, y) => x * x + y * y < 1 && x * x + y * y > 0.36,
  (x, y) => Math.abs(x) < 0.85 && Math.abs(y) < 0.85,
  (x, y) => Math.max(Math.abs(x), Math.abs(y)) < 0.9 && Math.max(Math.abs(x), Math.abs(y)) > 0.5,
  (x, y) => y < 0.9 && Math.abs(x) * 2 < y + 1,
  (x, y) => Math.abs(x) + Math.abs(y) < 1,
  (x, y) => Math.min(Math.abs(x), Math.abs(y)) < 0.28,
  (x, y) => Math.abs(Math.abs(x) - Math.abs(y)) < 0.3,
  (_x, y) => Math.abs(Math.abs(y) - 0.6) < 0.25,
  (x, _y) => Math.abs(Math.abs(x) - 0.6) < 0.25,
]

/**
 * Coloured shapes on coloured grounds, in the size and number of classes of CIFAR-10: place, size, colours and noise
 * are drawn by a fixed seed, each class as often as the others.
 */
export const cifarSynthetic: DatasetSource = {
  id: 'cifar-synthetic',
  checksum: '63831809e6882780aeb400a5e903232acd7364605732f83ee5252c135c6b5850',
  locate: () => [],
  decode: () => ({ training: draw(0, TRAINING_IMAGES), test: draw(TRAINING_IMAGES, TEST_IMAGES) }),
}

/** @param first the number of the first image: each number has an image of its own */
function draw(first: number, count: number): ImageSet {
  const imageSize = SIDE * SIDE * CHANNELS
  const pixels = new Uint8Array(count * imageSize)
  const labels = Uint8Array.from({ length: count }, (_, index) => index % shapes.length)
  for (const [index, label] of labels.entries()) {
    const image = pixels.subarray(index * imageSize, (index + 1) * imageSize)
    drawImage(image, shapes[label] ?? shapes[0], new RandomStream(SEED, 'synthesis', [first + index, 0]))
  }
  return { count, pixels, labels }
}

function drawImage(image: Uint8Array, shape: Shape, random: RandomStream): void {
  const radius = 7 + random.nextBelow(7)
  const centre = () => radius + random.nextBelow(SIDE - 2 * radius + 1)
  const [centreX, centreY] = [centre(), centre()]
  const ground = drawColour(random)
  let colour = drawColour(random)
  // A shape that can hardly be told from its ground would only teach noise.
  while (distance(colour, ground) < 160) colour = drawColour(random)
  for (let pixel = 0; pixel < SIDE * SIDE; pixel++) {
    const x = ((pixel % SIDE) + 0.5 - centreX) / radius
    const y = (Math.floor(pixel / SIDE) + 0.5 - centreY) / radius
    const isInside = Math.abs(x) < 1 && Math.abs(y) < 1 && shape(x, y)
    const noise = random.nextUint32()
    for (const [channel, value] of (isInside ? colour : ground).entries()) {
      // Uniform over -32 to 31, from a byte of its own for each channel.
      const noisy = value + ((noise >>> (8 * channel)) & 63) - 32
      image[pixel * CHANNELS + channel] = Math.min(255, Math.max(0, noisy))
    }
  }
}

function drawColour(random: RandomStream): Colour {
  const word = random.nextUint32()
  return [word & 255, (word >>> 8) & 255, (word >>> 16) & 255]
}

function distance(one: Colour, other: Colour): number {
  return one.reduce((sum, value, channel) => sum + Math.abs(value - (other[channel] ?? 0)), 0)
}
