import type { Actor } from '../../identity/contract.js'
import type { Network } from '../../networks/network.js'
import { readSavedNetwork } from '../../networks/saved-model.js'
import type { Dependencies } from '../../platform/dependencies.js'
import { convolutionMissing, drawingTooLarge, layerUnknown, modelMissing } from '../errors.js'
import { requireRunReader } from '../policy.js'
import type { ModelAsker } from '../runs/ask-model.js'
import type { ModelImage, PredictionImage } from '../runs/child-protocol.js'
import { getVisibleRun } from '../runs/run-access.js'
import { findFirstConvolution, type ImageLayer, listImageLayers } from './image-layers.js'
import type { ModelInsightService } from './model-insight-service.js'
import { planTiles } from './tiles.js'

type Parts = Pick<Dependencies, 'database' | 'storage'>

/** What the channels of a layer look like. */
export interface FeatureMaps {
  layer: string
  channels: number
  png: Buffer
}

export type ModelDrawingService = ReturnType<typeof createModelDrawingService>

/** Trained models looked into: drawn by the workers, what can't be drawn being refused before one is asked. */
export function createModelDrawingService(
  { database, storage }: Parts,
  asker: ModelAsker,
  insight: Pick<ModelInsightService, 'readTestImage'>,
) {
  return { findLayers, listLayers, drawFilters, drawFeatureMaps, drawFeatureMapsOfTest }

  /** The layers that an image can be seen in; undefined while the run has no model. @throws NOT_FOUND */
  async function findLayers(actor: Actor, id: string): Promise<ImageLayer[] | undefined> {
    const { network } = await getModel(actor, id)
    return network && listImageLayers(network)
  }

  /** The layers that an image can be seen in. @throws NOT_FOUND, RUN_MODEL_MISSING */
  async function listLayers(actor: Actor, id: string): Promise<ImageLayer[]> {
    const layers = await findLayers(actor, id)
    if (layers === undefined) throw modelMissing()
    return layers
  }

  /**
   * A PNG of the kernels of the first convolution.
   * @throws NOT_FOUND, RUN_MODEL_MISSING, RUN_CONVOLUTION_MISSING, RUN_DRAWING_TOO_LARGE, NO_WORKER_ANSWERED, UNAVAILABLE
   */
  async function drawFilters(actor: Actor, id: string): Promise<Buffer> {
    const { runId, network } = await getModel(actor, id)
    if (network === undefined) throw modelMissing()
    const first = findFirstConvolution(network)
    if (first === undefined) throw convolutionMissing()
    const { name: layer, filters } = first
    const [height, width] = first.kernelSize
    if (planTiles(filters, { height, width }) === undefined) throw drawingTooLarge(layer, filters)
    return asker.draw(runId, { kind: 'drawFilters', layer })
  }

  /**
   * What a layer makes of an image that is sent.
   * @param layer the first convolution where it is left out
   * @throws NOT_FOUND, RUN_MODEL_MISSING, RUN_CONVOLUTION_MISSING, RUN_LAYER_UNKNOWN, RUN_DRAWING_TOO_LARGE,
   *   PREDICTION_FAILED, NO_WORKER_ANSWERED, UNAVAILABLE
   */
  async function drawFeatureMaps(
    actor: Actor,
    id: string,
    image: PredictionImage,
    layer: string | undefined,
  ): Promise<FeatureMaps> {
    return draw(actor, id, layer, async () => image)
  }

  /**
   * What a layer makes of a test image. Throws what `drawFeatureMaps` and `readTestImage` throw.
   * @param layer the first convolution where it is left out
   */
  async function drawFeatureMapsOfTest(
    actor: Actor,
    id: string,
    index: number,
    layer: string | undefined,
  ): Promise<FeatureMaps> {
    return draw(actor, id, layer, async () => {
      const { bytes } = await insight.readTestImage(actor, id, index)
      return { format: 'bytes', data: Buffer.from(bytes).toString('base64') }
    })
  }

  async function draw(
    actor: Actor,
    id: string,
    layer: string | undefined,
    readImage: () => Promise<ModelImage>,
  ): Promise<FeatureMaps> {
    const { runId, network } = await getModel(actor, id)
    if (network === undefined) throw modelMissing()
    const { name, channels } = chooseLayer(network, layer)
    const image = await readImage()
    const png = await asker.draw(runId, { kind: 'drawFeatureMaps', layer: name, image })
    return { layer: name, channels, png }
  }

  async function getModel(actor: Actor, id: string): Promise<{ runId: string; network?: Network }> {
    const { id: runId, modelKey } = await getVisibleRun(database, requireRunReader(actor), id)
    if (modelKey === null) return { runId }
    const text = (await storage.read(`${modelKey}/model.json`)).toString()
    return { runId, network: readSavedNetwork(text) }
  }
}

/** @throws RUN_CONVOLUTION_MISSING, RUN_LAYER_UNKNOWN, RUN_DRAWING_TOO_LARGE */
function chooseLayer(network: Network, asked: string | undefined): { name: string; channels: number } {
  const name = asked ?? network.layers.find(({ type }) => type === 'conv2d')?.name
  if (name === undefined) throw convolutionMissing()
  const layers = listImageLayers(network)
  const layer = layers.find(layer => layer.name === name)
  if (layer === undefined)
    throw layerUnknown(
      name,
      layers.map(({ name }) => name),
    )
  const channels = layer.outputShape[2]
  if (!layer.drawable) throw drawingTooLarge(name, channels)
  return { name, channels }
}
