import type { RunEvent } from '../../src/training/runs/run-events.js'

/** What a child tells when it begins to train. */
export const startedEvent: Extract<RunEvent, { type: 'started' }> = {
  type: 'started',
  engine: 'stand-in',
  device: 'none',
  engineVersion: '1',
  architecture: 'stand-in',
  dataset: 'none',
  datasetChecksum: '0',
  versions: { code: '0.1.0+1', node: 'v20', tfjs: '4', platform: 'linux-x64' },
  parameters: 1,
  trainingImages: 1,
  validationImages: 0,
  testImages: 1,
  stepsPerEpoch: 3,
  epochs: 1,
}
