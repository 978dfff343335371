import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const stamps = join(root, 'node_modules', '.cache', 'lyceum')

/** Runs an action unless its product is there and was made from these very inputs (files below the root). */
export async function step({ name, inputs, product, message }, action) {
  const hash = createHash('sha256')
  for (const input of inputs) hash.update(readFileSync(join(root, input)))
  const digest = hash.digest('hex')
  const stamp = join(stamps, name)
  if (existsSync(join(root, product)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return
  console.log(message)
  await action()
  mkdirSync(stamps, { recursive: true })
  writeFileSync(stamp, digest)
}
