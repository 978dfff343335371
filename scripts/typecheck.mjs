// Checks the types of everything, those of the resolvers made afresh from the SDL.
import { spawnSync } from 'node:child_process'
import { setUp } from './setup.mjs'

await setUp()
await import('./codegen.mjs')
// What runs in a browser knows other globals.
const failed = ['.', 'src/platform/graphiql/browser'].filter(project => {
  const args = ['node_modules/typescript/bin/tsc', '--noEmit', '--project', project]
  return spawnSync(process.execPath, args, { stdio: 'inherit' }).status !== 0
})
process.exitCode = failed.length === 0 ? 0 : 1
