// `npm start`: makes the clone ready where it is not, then runs everything on this machine.
import { setUp } from './setup.mjs'

await setUp()
process.argv.splice(2, Number.POSITIVE_INFINITY, 'up')
await import('../dist/src/lyceum.js')
