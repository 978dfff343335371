import { findArchitecture } from '../../src/networks/architectures/index.js'
import type { ImageShape, Network } from '../../src/networks/network.js'

interface Compared {
  architecture: string
  inputShape: ImageShape
}

/** What is compared, by the names that results go by. */
const compared: Record<string, Compared> = {
  'simple-cnn': { architecture: 'simple-cnn', inputShape: [28, 28, 1] },
  'lenet-5': { architecture: 'lenet-5', inputShape: [28, 28, 1] },
  'resnet-20': { architecture: 'resnet-20', inputShape: [32, 32, 3] },
  mobilenet: { architecture: 'mobilenet-v1-small', inputShape: [32, 32, 3] },
}
export const networkNames = Object.keys(compared)

/** @throws Error where there is none of that name */
export function buildNetwork(name: string): Network {
  const { architecture = '', inputShape = [0, 0, 0] as const } = compared[name] ?? {}
  const network = findArchitecture(architecture)?.build({ inputShape, classes: 10 })
  if (!network)
    throw new Error(`There is no network '${name}' to compare: there are ${networkNames.join(', ')}.`)
  return network
}
