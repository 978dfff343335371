// npm run check:manifests: holds deploy/kubernetes against the schemas of Kubernetes and KEDA. Each object is written as a
// literal of its type, so that TypeScript refuses what the type does not know, and is then validated by its JSON schema.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse, parseAllDocuments } from 'yaml'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
process.chdir(root)
const manifests = 'deploy/kubernetes'
const check = 'deploy/check'
const generated = join(check, 'generated')

if (!existsSync(join(check, 'node_modules'))) {
  console.log('Installing the schemas …')
  run('npm', ['ci', '--prefix', check, '--no-audit', '--no-fund', '--loglevel=error'])
}
const files = readdirSync(manifests).filter(file => file.endsWith('.yaml') && file !== 'kustomization.yaml')
const objects = files.flatMap(readObjects)
checkKustomization()

rmSync(generated, { recursive: true, force: true })
mkdirSync(generated)
try {
  for (const [index, object] of objects.entries()) writeFileSync(sourceOf(index), asSource(object))
  const options = ['--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2023']
  run(process.execPath, [
    'node_modules/typescript/bin/tsc',
    ...options,
    ...objects.map((_, i) => sourceOf(i)),
  ])
  for (const index of objects.keys()) run(process.execPath, [sourceOf(index).replace(/ts$/, 'js')])
} finally {
  rmSync(generated, { recursive: true, force: true })
}
console.log(`${objects.length} objects in ${files.length} files are as Kubernetes and KEDA define them.`)

function readObjects(file) {
  return parseAllDocuments(readFileSync(join(manifests, file), 'utf8')).map(document => {
    if (document.errors.length > 0) fail(`${file}: ${document.errors[0].message}`)
    return { file, object: document.toJS() }
  })
}

/** What is applied is every file but the one that is a cluster's own, and every image has a name to replace. */
function checkKustomization() {
  const { resources, images } = parse(readFileSync(join(manifests, 'kustomization.yaml'), 'utf8'))
  const left = files.filter(file => !resources.includes(file))
  if (left.join() !== 'nvidia-device-plugin.yaml' || resources.some(file => !files.includes(file)))
    fail(`kustomization.yaml names ${resources.join(', ')}; there are ${files.join(', ')}`)
  const used = objects
    .filter(({ file }) => resources.includes(file))
    .flatMap(({ object }) => object.spec?.template?.spec ?? [])
    .flatMap(({ initContainers = [], containers }) => [...initContainers, ...containers])
  const named = new Set(images.map(({ name }) => name))
  for (const { image } of used) if (!named.has(image)) fail(`kustomization.yaml does not name ${image}`)
}

function sourceOf(index) {
  return join(generated, `${index}.ts`)
}

function asSource({ file, object }) {
  const { apiVersion, kind } = object
  const group = apiVersion.startsWith('keda.sh/') ? '@kubernetes-models/keda' : 'kubernetes-models'
  return `import { ${kind}, type I${kind} } from '${group}/${apiVersion}/${kind}'
const object: I${kind} = ${JSON.stringify(object, null, 2)}
try {
  new ${kind}(object).validate()
} catch (error) {
  throw new Error(\`${file}, ${kind} ${object.metadata.name}: \${error}\`)
}
`
}

function run(command, args) {
  const shell = process.platform === 'win32' && command === 'npm'
  const { status } = spawnSync(command, args, { stdio: 'inherit', shell })
  if (status !== 0) process.exit(1)
}

function fail(reason) {
  console.error(reason)
  process.exit(1)
}
