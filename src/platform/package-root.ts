import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of package.json, wherever the built file stands below it. */
export const packageRoot = findUp(dirname(fileURLToPath(import.meta.url)))

export const migrationsDirectory = join(packageRoot, 'prisma', 'migrations')

function findUp(directory: string): string {
  if (existsSync(join(directory, 'package.json'))) return directory
  const parent = dirname(directory)
  if (parent === directory) throw new Error('Lyceum runs from its package: there is no package.json above it')
  return findUp(parent)
}
