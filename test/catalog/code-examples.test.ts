import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { z } from 'zod'
import { findArchitecture } from '../../src/networks/architectures/index.js'
import { buildKerasNetwork } from '../../src/networks/keras/build-keras-network.js'
import { KerasError } from '../../src/networks/keras/keras-model.js'
import { readKerasPython } from '../../src/networks/keras/read-keras-python.js'
import type { ImageShape, Network } from '../../src/networks/network.js'
import { summarizeNetwork } from '../../src/networks/summary.js'
import { type Images, resolveNetwork } from '../../src/training/spec/resolve-network.js'
import { trainingSpec } from '../../src/training/spec/training-spec.js'

const course = 'content/deep-learning-basics'
const lessonFile = z.object({
  code_examples: z.array(z.object({ title: z.string(), language: z.literal('python'), file: z.string() })),
})
const examples = readdirSync(course, { withFileTypes: true })
  .filter(entry => entry.isDirectory())
  .flatMap(({ name: lesson }) =>
    lessonFile
      .parse(parse(readFileSync(join(course, lesson, 'lesson.yaml'), 'utf8')))
      .code_examples.map(({ title, file }) => ({
        title,
        path: `${lesson}/${file}`,
        source: readFileSync(join(course, lesson, file), 'utf8'),
      })),
  )

function imagesOf(inputShape: ImageShape, classes: number): Images {
  return { id: 'images', inputShape, classNames: Array.from({ length: classes }, (_, index) => `${index}`) }
}
const digits = imagesOf([28, 28, 1], 10)
const small = imagesOf([32, 32, 3], 10)

/** By path: the images that the example is written for, and the trainable parameters that its lesson states. */
const trainable: Record<string, { images: Images; parameters: number }> = {
  'alexnet/code/alexnet.py': { images: imagesOf([227, 227, 3], 1000), parameters: 62_378_344 },
  'convolutional-neural-networks/code/simple_cnn.py': { images: digits, parameters: 347_146 },
  'fine-tuning/code/first_digits.py': { images: imagesOf([28, 28, 1], 5), parameters: 121_605 },
  'lenet-5/code/lenet5.py': { images: digits, parameters: 61_706 },
  'mobilenet/code/mobilenet_v1_small.py': { images: small, parameters: 3_217_226 },
  'mobilenet/code/small_separable_cnn.py': { images: digits, parameters: 12_906 },
  'neural-networks/code/dense_network.py': { images: digits, parameters: 101_770 },
  'optimisation/code/sgd_with_momentum.py': { images: digits, parameters: 101_770 },
  'vgg/code/vgg11_small.py': { images: small, parameters: 9_231_114 },
  'vgg/code/vgg16.py': { images: imagesOf([224, 224, 3], 1000), parameters: 138_357_544 },
}

t.test('of the code examples these can be trained as they stand', async t => {
  const read = examples.filter(({ source }) => {
    try {
      return readKerasPython(source)
    } catch (error) {
      if (error instanceof KerasError) return false
      throw error
    }
  })
  t.strictSame(read.map(({ path }) => path).sort(), Object.keys(trainable))
  const said = examples.filter(({ title }) => title.endsWith('a Sequential to train as it stands'))
  t.strictSame(said.map(({ path }) => path).sort(), Object.keys(trainable), 'as their titles say')
})

for (const [path, { images, parameters }] of Object.entries(trainable)) {
  t.test(`${path} has the parameters that it states, and a whole spec`, async t => {
    const kerasPython = examples.find(example => example.path === path)?.source ?? ''
    const spec = trainingSpec.parse({ kerasPython, dataset: images.id })
    const resolved = resolveNetwork(spec, images)
    if ('problems' in resolved) throw new Error(JSON.stringify(resolved.problems))
    t.equal(summarizeNetwork(resolved.network).trainableParameters, parameters)
    t.match(kerasPython.replaceAll('_', ','), parameters.toLocaleString('en'))
    t.strictSame(resolved.notes, [])
  })
}

t.test('those of small images are the architectures of their labs', async t => {
  // But for how their weights begin.
  const plan = ({ layers }: Network) =>
    layers.map(
      ({ type, inputs, outputShape, parameters, multiplyAdds }) =>
        `${type} ${inputs} ${outputShape} ${parameters} ${multiplyAdds}`,
    )
  for (const [path, id] of [
    ['vgg/code/vgg11_small.py', 'vgg-11-small'],
    ['mobilenet/code/mobilenet_v1_small.py', 'mobilenet-v1-small'],
  ] as const) {
    const architecture = findArchitecture(id)?.build()
    const { model } = readKerasPython(examples.find(example => example.path === path)?.source ?? '')
    t.strictSame(plan(buildKerasNetwork(model, small.inputShape)), architecture && plan(architecture), path)
  }
})
