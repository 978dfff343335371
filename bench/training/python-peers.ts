import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { absent, type Competitor, startProgram } from './competitor.js'

interface PythonPeer {
  title: string
  program: string
  requirements: string
}

/** Which are installed by pip, into a Python of their own. */
const peers: Record<string, PythonPeer> = {
  pytorch: { title: 'PyTorch', program: 'pytorch.py', requirements: 'pytorch-requirements.txt' },
  keras: { title: 'Keras', program: 'keras_fit.py', requirements: 'keras-requirements.txt' },
}
export const pythonPeers = Object.keys(peers)

const folder = join('bench', 'peers')

export interface InstalledPeer {
  start(network: string, batch: number, threads: number): Promise<Competitor>
}

/** Installs a peer where it is not yet; where that fails, all that it starts says why. */
export function installPeer(name: string, home: string): InstalledPeer {
  const peer = peers[name]
  if (!peer) throw new Error(`There is no peer '${name}'.`)
  const environment = join(home, 'bench-peers')
  const python = join(environment, 'bin', 'python')
  const reason = install(peer, environment, python)
  return {
    async start(network, batch, threads) {
      if (reason !== undefined) return absent(reason)
      const args = [join(folder, peer.program), network, String(batch), String(threads)]
      // A build for GPUs, which pip may choose, computes on the CPU too.
      return startProgram(python, args, { ...process.env, CUDA_VISIBLE_DEVICES: '', PYTHONUNBUFFERED: '1' })
    },
  }
}

/** @returns why it is not there; nothing when it is */
function install(
  { title, requirements }: PythonPeer,
  environment: string,
  python: string,
): string | undefined {
  const list = join(folder, requirements)
  const wanted = readFileSync(list, 'utf8')
  const stamp = join(environment, requirements)
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return undefined
  console.log(`Installing ${title} in ${environment} …`)
  if (!existsSync(python) && !succeeds('python3', ['-m', 'venv', environment])) {
    return 'python3 makes no environment here (on Debian and Ubuntu: apt-get install python3-venv)'
  }
  if (!succeeds(python, ['-m', 'pip', 'install', '--no-compile', '--retries=1', `--requirement=${list}`])) {
    return `pip could not install ${wanted.trim().split('\n').join(', ')}: what it said is above`
  }
  writeFileSync(stamp, wanted)
  return undefined
}

function succeeds(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status === 0
}
