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

export interface StartOptions {
  batch: number
  threads: number
  device: 'cpu' | 'gpu'
}

export interface PresentPeer {
  start(network: string, options: StartOptions): Promise<Competitor>
}

/**
 * A peer in the Python that is named, with what that has; else in one under `home`, into which it is installed where
 * it is not yet. Where it is missing, all that it starts says why.
 */
export function findPeer(name: string, home: string, python?: string): PresentPeer {
  const peer = peers[name]
  if (!peer) throw new Error(`There is no peer '${name}'.`)
  const environment = join(home, 'bench-peers')
  const interpreter = python ?? join(environment, 'bin', 'python')
  const reason = python === undefined ? install(peer, environment, interpreter) : undefined
  return {
    async start(network, { batch, threads, device }) {
      if (reason !== undefined) return absent(reason)
      const args = [join(folder, peer.program), network, String(batch), String(threads), device]
      return startProgram(interpreter, args, {
        ...process.env,
        // A build for GPUs, which pip may choose, computes on the CPU too.
        ...(device === 'cpu' ? { CUDA_VISIBLE_DEVICES: '' } : { NVIDIA_TF32_OVERRIDE: '0' }),
        PYTHONUNBUFFERED: '1',
      })
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
