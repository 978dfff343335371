import { alexNet, alexNetSmall, alexNetUngrouped } from './alexnet.js'
import type { Architecture } from './architecture.js'
import { cspresnet20, cspresnet50 } from './cspresnet.js'
import { lenet5 } from './lenet-5.js'
import { lenet51998 } from './lenet-5-1998.js'
import { mobilenetV1, mobilenetV1Small } from './mobilenet-v1.js'
import { mobilenetV2, mobilenetV2Small } from './mobilenet-v2.js'
import { resnets } from './resnet.js'
import { resnetsForSmallImages } from './resnet-cifar.js'
import { simpleCnn } from './simple-cnn.js'
import { vggs } from './vgg.js'

export type { Architecture } from './architecture.js'

/** Every architecture that can be trained, in the order in which they are taught. */
export const architectures: readonly Architecture[] = [
  simpleCnn,
  lenet5,
  lenet51998,
  alexNet,
  alexNetUngrouped,
  alexNetSmall,
  ...vggs,
  ...resnetsForSmallImages,
  ...resnets,
  mobilenetV1,
  mobilenetV1Small,
  mobilenetV2,
  mobilenetV2Small,
  cspresnet50,
  cspresnet20,
]

export function findArchitecture(id: string): Architecture | undefined {
  return architectures.find(architecture => architecture.id === id)
}
