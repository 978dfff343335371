import type { Architecture } from './architecture.js'
import { lenet5 } from './lenet-5.js'
import { simpleCnn } from './simple-cnn.js'

export type { Architecture } from './architecture.js'

/** Every architecture that can be trained, in the order in which they are taught. */
export const architectures: readonly Architecture[] = [simpleCnn, lenet5]

export function findArchitecture(id: string): Architecture | undefined {
  return architectures.find(architecture => architecture.id === id)
}
