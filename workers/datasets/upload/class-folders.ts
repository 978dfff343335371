import { UploadRefused } from '../../../src/platform/upload-refused.js'
import { datasetLimits } from '../../../src/training/contract.js'
import { checkClassNames, checkCounts } from './class-names.js'

export interface LabelledFile {
  path: string
  /** An index into the class names. */
  label: number
  /** Undefined where the upload does not say. */
  set: SetName | undefined
}

export interface ClassFolders {
  classNames: string[]
  files: LabelledFile[]
}

type SetName = 'training' | 'test'

const sets = new Map<string, SetName>([
  ['train', 'training'],
  ['training', 'training'],
  ['test', 'test'],
])
const hint = 'Put the images of each class into a folder of its name, or that into folders train/ and test/.'

/**
 * Reads classes and sets out of the paths of a zip: `cat/1.png`, or `train/cat/1.png` beside `test/cat/2.png`,
 * either below any folders that hold everything. Classes are in the order of their names' code units.
 * @param folders those that have entries of their own, with a slash at the end: some may be empty
 * @throws UploadRefused where there are not two classes, each with images of every set
 */
export function readClassFolders(paths: readonly string[], folders: readonly string[]): ClassFolders {
  if (paths.length === 0) throw new UploadRefused(`There is no image in the zip. ${hint}`)
  if (paths.length > datasetLimits.images) {
    throw new UploadRefused(`There are ${paths.length} images in the zip; ${datasetLimits.images} are taken.`)
  }
  for (const path of paths) requireImageName(path)
  const placed = paths.map(path => ({ path, folders: path.split('/').slice(0, -1) }))
  const outer = countSharedFolders(placed.map(file => file.folders))
  const inner = placed.map(({ path, folders }) => ({ path, folders: folders.slice(outer) }))
  const inSets = inner.every(({ folders: [first] }) => setOf(first) !== undefined)
  const depth = inSets ? 2 : 1
  const stray = inner.find(file => file.folders.length !== depth)
  if (stray) throw new UploadRefused(`'${stray.path}' is in no folder of a class. ${hint}`)

  const empty = folders
    .map(folder => folder.split('/').slice(outer, -1))
    .filter(parts => parts.length === depth && (!inSets || setOf(parts[0]) !== undefined))
  const classOf = (parts: readonly string[]) => parts[depth - 1] ?? ''
  const classNames = [...new Set([...inner.map(file => file.folders), ...empty].map(classOf))].sort()
  checkClassNames(classNames)
  const labels = new Map(classNames.map((name, label) => [name, label]))
  const files = inner.map(({ path, folders: parts }) => ({
    path,
    label: labels.get(classOf(parts)) ?? 0,
    set: inSets ? setOf(parts[0]) : undefined,
  }))
  const labelsOf = (set: SetName | undefined) =>
    files.filter(file => file.set === set).map(file => file.label)
  if (inSets) {
    checkCounts(classNames, labelsOf('training'), 'train/')
    checkCounts(classNames, labelsOf('test'), 'test/')
  } else checkCounts(classNames, labelsOf(undefined), undefined)
  return { classNames, files }
}

function setOf(folder: string | undefined): SetName | undefined {
  return sets.get((folder ?? '').toLowerCase())
}

/** How many folders hold everything; one that could be a class is none of them. */
function countSharedFolders(all: readonly string[][]): number {
  const [first = []] = all
  const shortest = all.reduce((least, folders) => Math.min(least, folders.length), first.length)
  let shared = 0
  while (shared < shortest - 1 && all.every(folders => folders[shared] === first[shared])) shared++
  return shared
}

function requireImageName(path: string): void {
  if (/\.(png|jpe?g)$/i.test(path)) return
  throw new UploadRefused(`'${path}' is neither a PNG nor a JPEG image. ${hint}`)
}
