import type { Layer, Network } from '../network.js'

/** What a trained network can be had as, and the ending of its file. */
export const exportFormats = ['tfjs', 'keras', 'onnx'] as const
export type ExportFormat = (typeof exportFormats)[number]

export const fileEndings = { tfjs: 'zip', keras: 'keras', onnx: 'onnx' } as const satisfies Record<
  ExportFormat,
  string
>

/** A protobuf message has at most 2 GiB: what an ONNX file needs beside its weights is far below this rest. */
const LARGEST_ONNX_WEIGHTS = 2 ** 31 - 2 ** 26
const BYTES_OF_FLOAT32 = 4

/** Why a network cannot be had in a format; undefined where it can. */
export function findExportProblem(network: Network, format: ExportFormat): string | undefined {
  switch (format) {
    case 'tfjs':
      return undefined
    case 'keras': {
      const foreign = network.layers.find(isUnknownToKeras)
      return (
        foreign &&
        `Keras has no layer like '${foreign.name}' (local response normalisation): export it as ONNX instead.`
      )
    }
    case 'onnx':
      return network.parameters * BYTES_OF_FLOAT32 <= LARGEST_ONNX_WEIGHTS
        ? undefined
        : `It has ${network.parameters} parameters, and an ONNX file is at most 2 GiB: export it for Keras instead.`
  }
}

function isUnknownToKeras({ type }: Layer): boolean {
  return type === 'localResponseNormalization'
}
