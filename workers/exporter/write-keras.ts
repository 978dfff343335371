import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { File, Group, ready } from 'h5wasm/node'
import yazl from 'yazl'
import {
  kerasConfig,
  kerasMetadata,
  kerasVariables,
  SEED_GENERATOR,
} from '../../src/networks/exports/keras-archive.js'
import type { Network } from '../../src/networks/network.js'
import type { StoredWeights } from './stored-weights.js'

/** Writes a network as a Keras v3 archive: a zip of two JSON files and the weights in HDF5. */
export async function writeKeras(network: Network, weights: StoredWeights, path: string): Promise<void> {
  const weightsFile = `${path}.h5`
  try {
    await writeWeights(network, weights, weightsFile)
    const zip = new yazl.ZipFile()
    const add = (name: string, content: object) => zip.addBuffer(Buffer.from(JSON.stringify(content)), name)
    add('metadata.json', kerasMetadata(new Date()))
    add('config.json', kerasConfig(network))
    // Trained weights are as good as random: there is nothing to compress.
    zip.addFile(weightsFile, 'model.weights.h5', { compress: false })
    zip.end()
    await pipeline(zip.outputStream, createWriteStream(path))
  } finally {
    await rm(weightsFile, { force: true })
  }
}

async function writeWeights(network: Network, weights: StoredWeights, path: string): Promise<void> {
  await ready
  const file = new File(path, 'w')
  try {
    for (const { layer, path: group } of kerasVariables(network)) {
      const variables = createGroups(file, `${group}/vars`)
      variables.create_attribute('name', layer.name)
      for (const [index, { name }] of layer.weights.entries()) {
        const { values, shape } = await weights.read(`${layer.name}/${name}`)
        variables.create_dataset({ name: `${index}`, data: values, shape: [...shape] })
      }
      if (layer.type === 'dropout' && layer.rate > 0) {
        // Keras wants the state of its random numbers too: it is of no weight for a trained model.
        const state = createGroups(file, `${group}/${SEED_GENERATOR}/vars`)
        state.create_dataset({ name: '0', data: new Uint32Array([0, 0]), shape: [2] })
      }
    }
  } finally {
    file.close()
  }
}

function createGroups(file: File, path: string): Group {
  return path.split('/').reduce((group: Group, name) => {
    const existing = group.keys().includes(name) ? group.get(name) : null
    return existing instanceof Group ? existing : group.create_group(name)
  }, file)
}
