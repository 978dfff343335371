/** What other domains and the workers may use of training: pure types, schemas and data. */
export { architectures, findArchitecture } from '../networks/architectures/index.js'
export * from './child-protocol.js'
export * from './datasets.js'
export { unavailableReason } from './lab-availability.js'
export * from './predictions.js'
export * from './run-events.js'
export * from './run-files.js'
export * from './spec.js'
