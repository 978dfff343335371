import { dense, flatten } from '../../src/networks/layers.js'
import { layersModelDocument } from '../../src/networks/layers-model.js'
import { buildSequential } from '../../src/networks/network-builder.js'
import { forgeText, makeZip } from '../support/zips.js'

const mebibyte = 1024 * 1024
const small = buildSequential('net', [4, 4, 1], [flatten(), dense(3), dense(2, { activation: 'softmax' })])
const json = layersModelDocument(small, {})
const [group] = json.weightsManifest
const weights = Buffer.from(new Float32Array(small.parameters).fill(0.5).buffer)
const zipOf = (change: object, files: Record<string, Uint8Array | string> = { 'weights.bin': weights }) =>
  makeZip({ 'model.json': JSON.stringify({ ...json, ...change }), ...files })
const listing = (change: (weights: object[]) => object[], paths = ['weights.bin']) =>
  zipOf({ weightsManifest: [{ paths, weights: change([...(group?.weights ?? [])]) }] })
const first = (change: object) => listing(([head, ...rest]) => [{ ...head, ...change }, ...rest])
const topology = (layers: { class_name: string; config: object }[]) => {
  const named = layers.map(({ config, ...rest }, index) => ({
    ...rest,
    config: { name: `l${index}`, ...config },
  }))
  return zipOf({ modelTopology: { class_name: 'Sequential', config: { name: 'net', layers: named } } })
}
const input = { batch_input_shape: [null, 4, 4, 1] }
const layer = (class_name: string, config: object) => ({ class_name, config })
const withFloat = (value: number) => {
  const changed = Buffer.from(weights)
  changed.writeFloatLE(value, 4 * 49)
  return changed
}
const zeros = Buffer.alloc(600_000)
/** Nothing is wrong with it. */
export const goodModel = zipOf({})
const good = await goodModel
/** The model one level deeper, as tfjs's converter puts it. */
export const convertedModel = zipOf({
  modelTopology: { keras_version: '2.15.0', backend: 'tensorflow', model_config: json.modelTopology },
})
/** What is wrong with a zip, and what is said of it. */
export const brokenModels: [name: string, zip: Buffer | Promise<Buffer>, reason: RegExp][] = [
  ['no zip', Buffer.from('hello'), /cannot be read as a zip/],
  ['nothing at all', Buffer.alloc(0), /cannot be read as a zip/],
  ['a zip that was cut off', good.subarray(0, -30), /cannot be read as a zip/],
  ['a path that leads out', forgeText(good, 'weights.bin', '../ghts.bin'), /relative path/],
  ['a bomb', makeZip({ 'a.bin': Buffer.alloc(2 * mebibyte) }), /more than 200 times as large/],
  ['two small bombs', makeZip({ 'a.bin': zeros, 'b.bin': zeros }), /more than 1 MiB unpacked/],
  [
    'too many entries',
    makeZip(Object.fromEntries(Array.from({ length: 1_001 }, (_, n) => [`${n}`, '']))),
    /1001 entries; 1000 are taken/,
  ],
  ['no model.json', makeZip({ 'weights.bin': weights }), /no 'model\.json'/],
  ['a model.json too deep', makeZip({ 'a/b/model.json': '{}' }), /no 'model\.json'/],
  ['two models', makeZip({ 'a/model.json': '{}', 'b/model.json': '{}' }), /two models/],
  ['a model.json that is no JSON', makeZip({ 'model.json': '{' }), /It is no JSON/],
  ['a list', makeZip({ 'model.json': '[]' }), /not the model\.json of a LayersModel/],
  ['no manifest', zipOf({ weightsManifest: undefined }), /LayersModel: weightsManifest/],
  ['a GraphModel', zipOf({ format: 'graph-model' }), /GraphModel, whose layers are lost/],
  [
    'a layer unknown here',
    topology([layer('LSTM', { name: 'l', units: 2, ...input })]),
    /LSTM 'l'.*not supported/,
  ],
  ['a model inside the model', topology([layer('Sequential', { layers: [], ...input })]), /not supported/],
  [
    'a layer that does not fit',
    topology([layer('Conv2D', { ...input, filters: 1, kernel_size: 9 })]),
    /Conv2D/,
  ],
  [
    'a layer without units',
    topology([layer('Flatten', input), layer('Dense', { units: 0 })]),
    /Dense 'l1': the option units/,
  ],
  [
    'vectors for images',
    topology([layer('Dense', { units: 2, batch_input_shape: [null, 16] })]),
    /takes no images/,
  ],
  [
    'images of any size',
    topology([layer('Flatten', { batch_input_shape: [null, null, null, 1] })]),
    /takes no images/,
  ],
  ['no classes', topology([layer('Flatten', input), layer('Dense', { units: 1 })]), /tells no classes apart/],
  [
    'an image that comes out',
    topology([layer('Conv2D', { ...input, filters: 2, kernel_size: 1 })]),
    /no classes apart/,
  ],
  [
    'a head that is no dense layer',
    topology([layer('Conv2D', { ...input, filters: 2, kernel_size: 4 }), layer('Flatten', {})]),
    /must be a dense one/,
  ],
  ['a weight that is missing', listing(all => all.slice(1)), /'dense_1\/kernel' is missing/],
  [
    'a weight too many',
    listing(all => [...all, { name: 'dense_1/kernel/m', shape: [1], dtype: 'float32' }]),
    /'dense_1\/kernel\/m' belongs to none/,
  ],
  ['a weight twice', listing(all => [...all, all[0] ?? {}]), /'dense_1\/kernel' is listed twice/],
  ['a weight turned', first({ shape: [3, 16] }), /is of shape \[3, 16\], and its layer's is \[16, 3\]/],
  ['a shape that is none', first({ shape: [-1, 3] }), /weightsManifest\.0\.weights\.0\.shape/],
  ['half precision', first({ dtype: 'float16' }), /is float16: it must be float32/],
  ['quantized weights', first({ quantization: { dtype: 'uint8', scale: 1, min: 0 } }), /is quantized/],
  [
    'a file that is missing',
    listing(all => all, ['others.bin']),
    /'others\.bin', which the model\.json names/,
  ],
  [
    'a file outside of the zip',
    listing(all => all, ['../../etc/passwd']),
    /passwd', which the model\.json names/,
  ],
  [
    'the same file twice',
    listing(all => all, ['weights.bin', './weights.bin']),
    /names '\.\/weights\.bin' twice/,
  ],
  [
    'weights that end early',
    zipOf({}, { 'weights.bin': weights.subarray(4) }),
    /are 232 bytes, and must be 236/,
  ],
  [
    'weights that go on',
    zipOf({}, { 'weights.bin': Buffer.concat([weights, weights]) }),
    /472 bytes, and must be 236/,
  ],
  ['a number that is none', zipOf({}, { 'weights.bin': withFloat(Number.NaN) }), /'dense_1\/bias' holds NaN/],
  ['infinity', zipOf({}, { 'weights.bin': withFloat(-Infinity) }), /'dense_1\/bias' holds -Infinity/],
  [
    'too few names of classes',
    zipOf({ userDefinedMetadata: { classNames: ['a'] } }),
    /name 1 classes, and it tells 2/,
  ],
  ['a class twice', zipOf({ userDefinedMetadata: { classNames: ['a', 'a'] } }), /the class 'a' twice/],
  ['classes without names', zipOf({ userDefinedMetadata: { classNames: ['a', ''] } }), /classNames/],
]
