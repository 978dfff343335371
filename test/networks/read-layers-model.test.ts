import t from 'tap'
import { architectures } from '../../src/networks/architectures/index.js'
import { layersModelDocument } from '../../src/networks/layers-model.js'
import { readLayersModel } from '../../src/networks/read-layers-model.js'

t.test('what a run leaves of any architecture reads as the same model', async t => {
  for (const { id, build } of architectures) {
    const document = layersModelDocument(build(), {})
    const { network, groups, places } = readLayersModel(JSON.stringify(document))
    t.strictSame(layersModelDocument(network, {}), document, id)
    const bytes = 4 * network.parameters
    t.strictSame(groups, [{ paths: ['weights.bin'], bytes }], id)
    const ends = places.map(place => place.offset + place.bytes)
    t.strictSame(
      places.map(({ offset }) => offset),
      [0, ...ends.slice(0, -1)],
      `${id}: in the order of the network`,
    )
    t.equal(ends.at(-1), bytes, id)
  }
})
