import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { packageRoot } from '../../src/platform/package-root.js'

/** What a run's numbers come from, as it was built: the workers, the networks, and what training shares with them. */
const folders = ['workers', 'src/networks', 'src/training']

/**
 * The package's version with the first 12 digits of the SHA-256 of the code that trains: `0.1.0+1b2c…`. Equal means
 * the same code, also where nobody counted the version up.
 */
export function readCodeVersion(): string {
  const manifest: { version: string } = createRequire(import.meta.url)(join(packageRoot, 'package.json'))
  const digest = createHash('sha256')
  for (const file of folders.flatMap(listScripts).sort()) {
    digest.update(`${file}\n`).update(readFileSync(join(packageRoot, 'dist', file)))
  }
  return `${manifest.version}+${digest.digest('hex').slice(0, 12)}`
}

/** With slashes on every system. */
function listScripts(folder: string): string[] {
  return readdirSync(join(packageRoot, 'dist', folder), { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.js'))
    .map(file => `${folder}/${file.replaceAll('\\', '/')}`)
}
