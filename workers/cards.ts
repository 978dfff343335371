import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { promisify } from 'node:util'
import type { Card } from '../src/training/contract.js'

const askMs = 5_000

/** The cards that this worker may use, as CUDA_VISIBLE_DEVICES names them: all, where the operator names none. */
export function nameCards(): string[] {
  const named = process.env.CUDA_VISIBLE_DEVICES
  if (named !== undefined) return named.split(',').filter(card => card !== '')
  // NVIDIA's Linux driver has a folder for each.
  const folder = '/proc/driver/nvidia/gpus'
  return existsSync(folder) ? readdirSync(folder).map((_, index) => String(index)) : []
}

/** The same cards, with what NVIDIA's own tool says of them where it is there. */
export async function findCards(): Promise<Card[]> {
  const indices = nameCards()
  if (indices.length === 0) return []
  const described = await askNvidia(['index', 'uuid', 'name', 'memory.total']).catch(() => '')
  return indices.map(index => describeCard(index, described))
}

/** @param listing lines of index, id, name and memory in MiB, as `nvidia-smi` writes them */
export function describeCard(index: string, listing: string): Card {
  for (const line of listing.split('\n')) {
    const [number, uuid, name, mebibytes] = line.split(',').map(cell => cell.trim())
    if (name === undefined || (number !== index && uuid !== index)) continue
    const memory = Number(mebibytes)
    return { index, name, memoryBytes: Number.isFinite(memory) ? memory * 1024 * 1024 : null }
  }
  return { index, name: null, memoryBytes: null }
}

/** A line for each card of the machine, of the fields that `nvidia-smi --help-query-gpu` lists. */
export async function askNvidia(fields: readonly string[]): Promise<string> {
  const query = [`--query-gpu=${fields.join(',')}`, '--format=csv,noheader,nounits']
  return (await promisify(execFile)('nvidia-smi', query, { timeout: askMs })).stdout
}
