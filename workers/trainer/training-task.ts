import type { Network } from '../../src/networks/network.js'
import type { TrainingSpec } from '../../src/training/contract.js'
import type { Dataset } from '../datasets/dataset.js'
import type { SelectedImages } from './select-images.js'

/** What is trained, on what, and how: it does not change during a run. */
export interface TrainingTask {
  spec: TrainingSpec
  network: Network
  dataset: Dataset
  images: SelectedImages
}
