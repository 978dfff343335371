import t from 'tap'
import { philox4x32 } from '../../../workers/random/philox.js'
import { RandomStream } from '../../../workers/random/random-stream.js'
import { permutation } from '../../../workers/random/shuffle.js'

// Known answers from the authors' Random123 library, tests/kat_vectors, 'philox4x32 10'.
const knownAnswers: {
  counter: [number, number, number, number]
  key: [number, number]
  words: number[]
}[] = [
  {
    counter: [0, 0, 0, 0],
    key: [0, 0],
    words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  },
  {
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
]

t.test('Philox4x32-10 gives the published known answers', async t => {
  const out = new Uint32Array(4)
  for (const { counter, key, words } of knownAnswers) {
    philox4x32(counter, key, out)
    t.strictSame([...out], words)
  }
})

t.test('a stream is told by its seed, purpose and place alone', async t => {
  const draw = (stream: RandomStream) => Array.from({ length: 9 }, () => stream.nextUint32())
  const first = draw(new RandomStream(7, 'dropout', [3, 1]))
  t.strictSame(draw(new RandomStream(7, 'dropout', [3, 1])), first)
  t.notSame(draw(new RandomStream(8, 'dropout', [3, 1])), first)
  t.notSame(draw(new RandomStream(7, 'shuffle', [3, 1])), first)
  t.notSame(draw(new RandomStream(7, 'dropout', [4, 1])), first)
  t.notSame(draw(new RandomStream(7, 'dropout', [3, 2])), first)
  t.equal(new Set(first).size, 9)
})

t.test('what a stream skips is what it would have drawn', async t => {
  const draw = (stream: RandomStream, count: number) =>
    Array.from({ length: count }, () => stream.nextUint32())
  const all = draw(new RandomStream(7, 'dropout', [3, 1]), 20)
  for (const count of [0, 1, 4, 7, 12]) {
    const stream = new RandomStream(7, 'dropout', [3, 1])
    stream.skip(count)
    t.strictSame(draw(stream, 20 - count), all.slice(count))
  }
})

t.test('floats are in [0, 1) with the mean and variance of a uniform distribution', async t => {
  const stream = new RandomStream(0, 'weights')
  const count = 100_000
  let sum = 0
  let squares = 0
  for (let i = 0; i < count; i++) {
    const value = stream.nextFloat()
    if (!(value >= 0 && value < 1)) t.fail(`${value} is outside [0, 1)`)
    sum += value
    squares += value * value
  }
  const mean = sum / count
  // Five standard errors: sqrt(1/12/n) for the mean, sqrt(1/180/n) for the variance.
  t.ok(Math.abs(mean - 1 / 2) < 5 * Math.sqrt(1 / 12 / count))
  t.ok(Math.abs(squares / count - mean * mean - 1 / 12) < 5 * Math.sqrt(1 / 180 / count))
})

t.test('a permutation holds every index once, and each place is as likely as another', async t => {
  t.strictSame(
    [...permutation(1000, new RandomStream(1, 'shuffle'))].sort((a, b) => a - b),
    [...Array(1000).keys()],
  )
  const counts = new Map<string, number>()
  for (let i = 0; i < 6000; i++) {
    const order = permutation(3, new RandomStream(1, 'shuffle', [i, 0])).join('')
    counts.set(order, (counts.get(order) ?? 0) + 1)
  }
  t.equal(counts.size, 6)
  const chiSquare = [...counts.values()].reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0)
  t.ok(chiSquare < 20.5, `chi-square ${chiSquare} is below its 99.9 % point at 5 degrees of freedom`)
})
