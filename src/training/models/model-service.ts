import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import type { Actor, SignedInActor } from '../../identity/contract.js'
import type { Network } from '../../networks/network.js'
import { readSavedNetwork } from '../../networks/saved-model.js'
import { countBytes } from '../../platform/bounded-body.js'
import type { Dependencies } from '../../platform/dependencies.js'
import { bodyTooLarge, notFound } from '../../platform/errors.js'
import { type Page, type PageInput, readPage } from '../../platform/pagination.js'
import { openScratch } from '../../platform/scratch.js'
import { UploadRefused } from '../../platform/upload-refused.js'
import { modelRefused } from '../errors.js'
import { requireRunReader, requireUploader } from '../policy.js'
import { type NetworkSummaryBody, summarizeByDefaults } from '../spec/network-summary.js'
import { checkRoom, deleteUnused, takeRoom } from '../uploads.js'
import { findImportedModel, importedModels, type ModelRow } from './imported-model.js'
import { readModelJson } from './model-json.js'
import { type ModelView, type ModelWithNetwork, viewModel } from './model-view.js'
import { type ModelUpload, readModelZip } from './read-model-zip.js'

export interface ModelList {
  page: Page<ModelView>
  totalCount: number
}

type Parts = Pick<Dependencies, 'database' | 'storage' | 'config'>

export type ModelService = ReturnType<typeof createModelService>

/** The use-cases of imported models. One that an actor may not see is answered like one that does not exist. */
export function createModelService({ database, storage, config }: Parts) {
  const { modelMaxBytes: most, modelQuota: quota } = config

  return { importModel, listModels, findModel, getModel, summarizeModel, deleteModel }

  /**
   * Checks the zip of a tfjs LayersModel and stores it as a run would leave it.
   *
   * @param length what the client says of its size in bytes
   * @throws UNAUTHENTICATED, SCOPE_REQUIRED, FORBIDDEN, MODEL_TOO_MANY, MODEL_QUOTA_FULL, BODY_TOO_LARGE, MODEL_REFUSED
   */
  async function importModel(
    actor: Actor,
    { title }: { title: string },
    body: Readable,
    length: number = most,
  ): Promise<ModelWithNetwork> {
    const user = requireUploader(actor)
    if (length > most) throw bodyTooLarge(most)
    await checkRoom(database, importedModels, user.userId, 0, quota)
    const scratch = await openScratch()
    const modelKey = `models/${randomUUID()}`
    try {
      const zip = join(scratch.directory, 'upload.zip')
      await pipeline(countBytes(body, most).chunks, createWriteStream(zip))
      const upload = await readModelZip(zip, scratch.directory, most)
      await storage.put(`${modelKey}/model.json`, upload.modelJson)
      await storage.write(`${modelKey}/weights.bin`, upload.weights())
      const row = await insert(user, title, modelKey, upload)
      return { ...viewModel(row), network: summarizeByDefaults(upload.network) }
    } catch (error) {
      // What is still to come is read and forgotten, so that the client hears the answer.
      body.resume()
      await storage.deleteAll(modelKey)
      throw error instanceof UploadRefused ? modelRefused(error.message) : error
    } finally {
      await scratch.close()
    }
  }

  /** After its files. @throws MODEL_TOO_MANY, MODEL_QUOTA_FULL */
  function insert({ userId: ownerId }: SignedInActor, title: string, modelKey: string, upload: ModelUpload) {
    const { network, classNames, modelJson, weightBytes } = upload
    const bytes = modelJson.length + weightBytes
    return database.$transaction(async tx => {
      await takeRoom(tx, importedModels, ownerId, bytes, quota)
      return tx.importedModel.create({
        data: {
          ...{ ownerId, title, modelKey, bytes, classNames: [...classNames] },
          inputShape: [...network.inputShape],
          parameters: network.parameters,
        },
      })
    })
  }

  /** The actor's own models, the newest first. */
  async function listModels(actor: Actor, input: PageInput): Promise<ModelList> {
    const where = { ownerId: requireRunReader(actor).userId }
    const [page, totalCount] = await Promise.all([
      readPage(input, {
        key: z.uuid(),
        // Ids are UUIDs of version 7: their order is that of the imports.
        order: 'desc',
        async read({ bounds: id, order, take }) {
          const rows = await database.importedModel.findMany({
            where: { AND: [where, { id }] },
            orderBy: { id: order },
            take,
          })
          return rows.map(viewModel)
        },
        keyOf: model => model.id,
      }),
      database.importedModel.count({ where }),
    ])
    return { page, totalCount }
  }

  async function findModel(actor: Actor, id: string): Promise<ModelView | undefined> {
    const row = await findImportedModel(database, requireRunReader(actor), id)
    return row && viewModel(row)
  }

  /** @throws NOT_FOUND */
  async function getModel(actor: Actor, id: string): Promise<ModelWithNetwork> {
    const row = await getRow(requireRunReader(actor), id)
    return { ...viewModel(row), network: summarizeByDefaults(await readNetwork(row)) }
  }

  /** @throws NOT_FOUND */
  async function summarizeModel(actor: Actor, id: string): Promise<NetworkSummaryBody> {
    return summarizeByDefaults(await readNetwork(await getRow(requireRunReader(actor), id)))
  }

  /** Deletes a model. Runs that have ended keep what they tell of it. @throws NOT_FOUND, MODEL_IN_USE */
  async function deleteModel(actor: Actor, id: string): Promise<void> {
    const row = await getRow(requireUploader(actor), id)
    await database.$transaction(tx => deleteUnused(tx, importedModels, row.id))
    // After the row: files without a model are garbage, a model without its files would be a lie.
    await storage.deleteAll(row.modelKey)
  }

  async function readNetwork({ modelKey }: ModelRow): Promise<Network> {
    const text = await readModelJson(storage, modelKey)
    if (text === undefined) throw notFound('model')
    return readSavedNetwork(text)
  }

  async function getRow(user: SignedInActor, id: string): Promise<ModelRow> {
    const row = await findImportedModel(database, user, id)
    if (row === undefined) throw notFound('model')
    return row
  }
}
