// Makes a clone ready to run: packages, the Prisma client, the build. Does only what is out of date.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { alone } from './set-up-lock.mjs'
import { root, step } from './step.mjs'

export async function setUp() {
  requireNode(20, 19)
  await alone(setUpAlone)
}

/** Installs what the lock file names where it is not there; what is optional may stay away, and is told. */
export function installPackages(directory = root) {
  if (packagesAreInstalled(directory)) return
  console.log('Installing packages (a minute or two) …')
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { directory })
  if (existsSync(join(directory, 'node_modules', '@tensorflow', 'tfjs-node-gpu'))) return
  console.log(
    'TensorFlow’s native binding could not be downloaded: runs train on WebAssembly. ' +
      '`npm run engine:tensorflow` builds one.',
  )
}

async function setUpAlone() {
  installPackages()
  await step(
    {
      name: 'client',
      inputs: ['prisma/schema.prisma', 'package-lock.json'],
      product: 'src/generated/prisma/client.ts',
      message: 'Generating the Prisma client …',
    },
    () =>
      run(process.execPath, ['node_modules/prisma/build/index.js', 'generate'], {
        // `generate` asks for a schema engine that it never starts: any file will do, and nothing is downloaded.
        env: { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath },
      }),
  )
  await import('./build.mjs')
  await import('./build-graphiql.mjs')
}

function requireNode(major, minor) {
  const [haveMajor, haveMinor] = process.versions.node.split('.').map(Number)
  if (haveMajor > major || (haveMajor === major && haveMinor >= minor)) return
  console.error(
    `Lyceum needs Node ${major}.${minor} or newer; this is ${process.version}. See https://nodejs.org`,
  )
  process.exit(1)
}

/** Whether node_modules/ holds what the lock file names; what is optional may be missing. */
function packagesAreInstalled(directory) {
  const installed = join(directory, 'node_modules', '.package-lock.json')
  if (!existsSync(installed)) return false
  const wanted = JSON.parse(readFileSync(join(directory, 'package-lock.json'), 'utf8')).packages
  const present = JSON.parse(readFileSync(installed, 'utf8')).packages
  return Object.entries(wanted).every(
    ([path, { version, optional, devOptional }]) =>
      path === '' || optional || devOptional || present[path]?.version === version,
  )
}

function run(command, args, { directory = root, env = {} } = {}) {
  const result = spawnSync(command, args, {
    cwd: directory,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    shell: process.platform === 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (result.status === 0) return
  console.error(`${result.stdout}\n${result.stderr}`.trim())
  console.error(`'${command} ${args.join(' ')}' failed: see above.`)
  process.exit(1)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await setUp()
