import { globalAvgPool2d, maxPool2d, padChannels } from '../layers.js'
import { NetworkBuilder } from '../network-builder.js'
import { type Architecture, defineArchitecture } from './architecture.js'
import { basicBlock, classifier, dropoutLayer, normalizedConv, relu } from './blocks.js'

const stages = [16, 32, 64]

/**
 * The residual networks of 6n + 2 layers for small images. Where a stage halves the image, the shortcut takes
 * every second pixel and fills the new channels with zeros (the paper's option A), which costs no parameter.
 */
function resnetForSmallImages(blocks: number, parameters: string): Architecture {
  const depth = 6 * blocks + 2
  const id = `resnet-${depth}`
  return defineArchitecture({
    id,
    title: `ResNet-${depth}`,
    source:
      'K. He, X. Zhang, S. Ren and J. Sun, “Deep residual learning for image recognition”, CVPR 2016, section ' +
      `4.2, with shortcuts of option A (${parameters} trainable parameters)`,
    inputShape: [32, 32, 3],
    classes: 10,
    minimumSize: 8,
    build({ inputShape, classes, dropout }) {
      const builder = new NetworkBuilder(id, inputShape)
      let node = builder.sequence(normalizedConv(16, 3, { after: [relu] }), builder.input)
      for (const [stage, filters] of stages.entries()) {
        for (let block = 0; block < blocks; block++) {
          const halves = stage > 0 && block === 0
          const everySecondPixel = maxPool2d(1, { strides: 2, padding: 'same' })
          node = basicBlock(
            builder,
            node,
            filters,
            halves ? { strides: 2, shortcut: [everySecondPixel, padChannels(0, filters / 2)] } : {},
          )
        }
      }
      builder.sequence([globalAvgPool2d(), ...dropoutLayer(dropout), classifier(classes)], node)
      return builder.build()
    },
  })
}

export const resnetsForSmallImages: readonly Architecture[] = [
  resnetForSmallImages(3, '269,722'),
  resnetForSmallImages(5, '464,154'),
  resnetForSmallImages(7, '658,586'),
]
