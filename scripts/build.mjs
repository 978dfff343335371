// Transpiles the TypeScript sources to dist/, file by file, and copies what is read at run time beside them.
// esbuild does not check types (`npm run typecheck` does), so a build takes a fraction of a second.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const folders = ['src', 'workers', 'test', 'bench'].filter(folder => existsSync(join(root, folder)))
const files = folders.flatMap(folder =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && !/node_modules|browser/.test(entry.parentPath))
    .map(entry => join(entry.parentPath, entry.name).slice(root.length + 1)),
)
const sources = files.filter(file => file.endsWith('.ts') && !file.endsWith('.d.ts'))
const assets = files.filter(file => file.endsWith('.graphql'))

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: sources,
  outdir: 'dist',
  outbase: '.',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: 'linked',
  logLevel: 'warning',
  write: false,
})
for (const { path, contents } of outputFiles) write(path, Buffer.from(contents))
for (const asset of assets) write(join(root, 'dist', asset), readFileSync(join(root, asset)))
removeOutputsWithoutSource()

// Processes of this clone may be running, and starting others: a file that is as it should be is left alone,
// and another takes its place whole.
function write(file, contents) {
  if (existsSync(file) && readFileSync(file).equals(contents)) return
  mkdirSync(dirname(file), { recursive: true })
  const beside = `${file}.${process.pid}`
  writeFileSync(beside, contents)
  renameSync(beside, file)
}

// A deleted test must not go on passing.
function removeOutputsWithoutSource() {
  const expected = new Set([
    ...sources.flatMap(file => [file.replace(/\.ts$/, '.js'), file.replace(/\.ts$/, '.js.map')]),
    ...assets,
  ])
  for (const folder of folders.filter(folder => existsSync(join(root, 'dist', folder)))) {
    for (const entry of readdirSync(join(root, 'dist', folder), { recursive: true, withFileTypes: true })) {
      const file = join(entry.parentPath, entry.name)
      if (entry.isFile() && !expected.has(file.slice(join(root, 'dist').length + 1))) rmSync(file)
    }
  }
}
