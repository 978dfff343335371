import { type Layer, type LayerType, NETWORK_INPUT, type Network, type Shape } from './network.js'

export interface LayerSummary {
  name: string
  type: LayerType
  /** Names of the layers that it reads; `input` stands for the images. */
  inputs: readonly string[]
  outputShape: Shape
  parameters: number
  trainableParameters: number
  /** Of one image, forwards. */
  multiplyAdds: number
  /** What its output takes in memory, for one image. */
  activationBytes: number
}

export interface NetworkSummary {
  name: string
  inputShape: Shape
  outputShape: Shape
  layers: readonly LayerSummary[]
  parameters: number
  trainableParameters: number
  multiplyAdds: number
  /** Of all layers, for one image. */
  activationBytes: number
  weightBytes: number
}

const BYTES_OF_FLOAT32 = 4

/** What a network is made of and costs, layer by layer. */
export function summarizeNetwork(network: Network): NetworkSummary {
  const layers = network.layers.map(layer => summarizeLayer(network, layer))
  return {
    name: network.name,
    inputShape: network.inputShape,
    outputShape: network.outputShape,
    layers,
    parameters: network.parameters,
    trainableParameters: network.trainableParameters,
    multiplyAdds: network.multiplyAdds,
    activationBytes: layers.reduce((sum, layer) => sum + layer.activationBytes, 0),
    weightBytes: network.parameters * BYTES_OF_FLOAT32,
  }
}

function summarizeLayer(network: Network, layer: Layer): LayerSummary {
  const trainable = layer.weights.filter(weight => weight.trainable)
  return {
    name: layer.name,
    type: layer.type,
    inputs: layer.inputs.map(index =>
      index === NETWORK_INPUT ? 'input' : (network.layers[index]?.name ?? 'input'),
    ),
    outputShape: layer.outputShape,
    parameters: layer.parameters,
    trainableParameters: trainable.reduce((sum, { shape }) => sum + product(shape), 0),
    multiplyAdds: layer.multiplyAdds,
    activationBytes: product(layer.outputShape) * BYTES_OF_FLOAT32,
  }
}

/** The summary as a table of text, like that of Keras. */
export function formatSummary(summary: NetworkSummary): string {
  const heading = ['Layer', 'Type', 'Output shape', 'Parameters', 'Multiply-adds', 'Reads']
  const rows = summary.layers.map(layer => [
    layer.name,
    layer.type,
    layer.outputShape.join('x'),
    grouped(layer.parameters),
    grouped(layer.multiplyAdds),
    layer.inputs.join(', '),
  ])
  const widths = heading.map((title, column) =>
    Math.max(title.length, ...rows.map(row => row[column]?.length ?? 0)),
  )
  const isNumber = (column: number) => column === 3 || column === 4
  const line = (cells: string[]) =>
    cells
      .map((cell, column) =>
        isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd()
  const rule = '-'.repeat(widths.reduce((sum, width) => sum + width + 2, -2))
  return [
    `${summary.name}: images of ${summary.inputShape.join('x')}`,
    '',
    line(heading),
    rule,
    ...rows.map(line),
    rule,
    `Parameters: ${grouped(summary.parameters)}, of which ${grouped(summary.trainableParameters)} are trained`,
    `Multiply-adds for one image: ${grouped(summary.multiplyAdds)}`,
    `Memory: ${formatBytes(summary.weightBytes)} for the weights, ` +
      `${formatBytes(summary.activationBytes)} for the layers' outputs of one image`,
    '',
  ].join('\n')
}

/** In the unit that leaves one to four digits: `1.3 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  const value = bytes / 1024 ** power
  return `${value.toLocaleString('en', { maximumFractionDigits: power === 0 ? 0 : 1 })} ${units[power]}`
}

function grouped(count: number): string {
  return count.toLocaleString('en')
}

function product(sizes: Shape): number {
  return sizes.reduce((total, size) => total * size, 1)
}
