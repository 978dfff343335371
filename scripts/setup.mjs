// Makes a clone ready to run: packages, the Prisma client, the build. Does only what is out of date.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const stamps = join(root, 'node_modules', '.cache', 'lyceum')

export async function setUp() {
  requireNode(20, 19)
  if (!packagesAreInstalled()) {
    refuseLink(join(root, 'node_modules'))
    console.log('Installing packages (a minute or two) …')
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
  }
  step(
    'client',
    ['prisma/schema.prisma', 'package-lock.json'],
    'src/generated/prisma/client.ts',
    'Generating the Prisma client …',
    () =>
      run(process.execPath, ['node_modules/prisma/build/index.js', 'generate'], {
        // `generate` asks for a schema engine that it never starts: any file will do, and nothing is downloaded.
        PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      }),
  )
  await import('./build.mjs')
}

function requireNode(major, minor) {
  const [haveMajor, haveMinor] = process.versions.node.split('.').map(Number)
  if (haveMajor > major || (haveMajor === major && haveMinor >= minor)) return
  console.error(
    `Lyceum needs Node ${major}.${minor} or newer; this is ${process.version}. See https://nodejs.org`,
  )
  process.exit(1)
}

/** `npm ci` first empties node_modules/, and through a link the folder of another checkout. */
function refuseLink(path) {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return
  console.error(`${path} is a link to packages that are not those of package-lock.json: remove the link.`)
  process.exit(1)
}

/** Whether node_modules/ holds what the lock file names; what is optional may be missing. */
function packagesAreInstalled() {
  const installed = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(installed)) return false
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  const present = JSON.parse(readFileSync(installed, 'utf8')).packages
  return Object.entries(wanted).every(
    ([path, { version, optional, devOptional }]) =>
      path === '' || optional || devOptional || present[path]?.version === version,
  )
}

/** Runs an action unless its product is there and was made from these very inputs. */
function step(name, inputs, product, message, action) {
  const hash = createHash('sha256')
  for (const input of inputs) hash.update(readFileSync(join(root, input)))
  const digest = hash.digest('hex')
  const stamp = join(stamps, name)
  if (existsSync(join(root, product)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return
  console.log(message)
  action()
  mkdirSync(stamps, { recursive: true })
  writeFileSync(stamp, digest)
}

function run(command, args, env = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
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
