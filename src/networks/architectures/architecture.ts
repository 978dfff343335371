import type { Network, Shape } from '../network.js'

export interface ArchitectureOptions {
  /** Rate of a dropout layer before the output layer; 0 leaves the layer out. */
  dropout: number
}

/** A network that the university teaches. */
export interface Architecture {
  id: string
  title: string
  /** Where it was published, and how far this one follows it. */
  source: string
  inputShape: Shape
  classes: number
  build(options: ArchitectureOptions): Network
}
