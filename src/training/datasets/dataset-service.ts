import type { Readable } from 'node:stream'
import { z } from 'zod'
import { type Actor, hasScope, type SignedInActor } from '../../identity/contract.js'
import { countBytes } from '../../platform/bounded-body.js'
import type { Dependencies } from '../../platform/dependencies.js'
import { bodyTooLarge, notFound } from '../../platform/errors.js'
import { type Page, type PageInput, readPage, sliceOf } from '../../platform/pagination.js'
import { previewMissing } from '../errors.js'
import { testImagesFile } from '../model-insight/test-predictions.js'
import { requireRunReader, requireUploader } from '../policy.js'
import { deleteUnused, takeRoom } from '../uploads.js'
import { decodedFiles, filesOfDataset, filesOfDatasetAttempt, uploadOf } from './dataset-files.js'
import { type DatasetAttempt, datasetQueue } from './dataset-ledger.js'
import { type DatasetRow, type DatasetView, viewBuiltIn, viewUpload } from './dataset-view.js'
import { datasets, findDataset } from './datasets.js'
import { findUpload, uploadedDatasets } from './uploaded-dataset.js'

export interface DatasetList {
  page: Page<DatasetView>
  totalCount: number
}

export interface UploadInput {
  readonly title: string
  /** The side in pixels that images are brought to; that of most of them where it is not given. */
  readonly size?: number | undefined
}

type Parts = Pick<Dependencies, 'database' | 'courier' | 'storage' | 'logger' | 'config'>

export type DatasetService = ReturnType<typeof createDatasetService>

/** The use-cases of datasets. One that an actor may not see is answered like one that does not exist. */
export function createDatasetService({ database, courier, storage, logger, config }: Parts) {
  const jobs = courier.queue<DatasetAttempt>(datasetQueue)
  const { datasetMaxBytes: most, datasetQuota: quota } = config

  return { listDatasets, findDataset: find, getDataset, upload, deleteDataset, readPreview }

  /** Those that come with Lyceum, then the actor's own, the newest first. */
  async function listDatasets(actor: Actor, input: PageInput): Promise<DatasetList> {
    // The quota bounds them: all are read.
    const own = hasScope(actor, 'read')
      ? await database.uploadedDataset.findMany({ where: { ownerId: actor.userId } })
      : []
    const all = [...datasets.map(viewBuiltIn), ...own.map(viewUpload)]
    const idOf = ({ id }: DatasetView) => id
    const page = await readPage(input, {
      key: z.string(),
      // By falling ids: those of uploads are UUIDs of version 7, by time, and begin with a digit.
      order: 'desc',
      keyOf: idOf,
      read: async slice => sliceOf(all, idOf, slice),
    })
    return { page, totalCount: all.length }
  }

  async function find(actor: Actor, id: string): Promise<DatasetView | undefined> {
    const builtIn = findDataset(id)
    if (builtIn) return viewBuiltIn(builtIn)
    if (actor.kind === 'anonymous') return undefined
    const row = await findUpload(database, requireRunReader(actor), id)
    return row && viewUpload(row)
  }

  /** @throws NOT_FOUND */
  async function getDataset(actor: Actor, id: string): Promise<DatasetView> {
    const found = await find(actor, id)
    if (found === undefined) throw notFound('dataset')
    return found
  }

  /**
   * Stores a zip as it comes, and has a worker decode it.
   *
   * @param length what the client says of its size in bytes
   * @throws UNAUTHENTICATED, SCOPE_REQUIRED, FORBIDDEN, DATASET_TOO_MANY, DATASET_QUOTA_FULL, BODY_TOO_LARGE
   */
  async function upload(
    actor: Actor,
    { title, size }: UploadInput,
    body: Readable,
    length: number = most,
  ): Promise<DatasetView> {
    const user = requireUploader(actor)
    if (length > most) throw bodyTooLarge(most)
    // The row comes first and holds the room that the upload needs: many at once can't pass the quota.
    const { id } = await database.$transaction(async tx => {
      await takeRoom(tx, uploadedDatasets, user.userId, length, quota)
      return tx.uploadedDataset.create({
        data: { ownerId: user.userId, title, size: size ?? null, bytes: length },
      })
    })
    try {
      const counted = countBytes(body, length)
      await storage.write(uploadOf(id), counted.chunks)
      const row = await receive(id, counted.bytes())
      await enqueue({ datasetId: id, attempt: row.attempt })
      return viewUpload(row)
    } catch (error) {
      // What is still to come is read and forgotten, so that the client hears the answer.
      body.resume()
      const { count } = await database.uploadedDataset.deleteMany({ where: { id } })
      await storage.deleteAll(filesOfDataset(id))
      // Deleted on its way, it may have failed for the files that are gone.
      throw count === 0 ? notFound('dataset') : error
    }
  }

  /** @throws NOT_FOUND where it was deleted meanwhile, or took too long */
  async function receive(id: string, bytes: number): Promise<DatasetRow> {
    const [row] = await database.uploadedDataset.updateManyAndReturn({
      where: { id },
      data: { receivedAt: new Date(), bytes },
    })
    if (!row) throw notFound('dataset')
    return row
  }

  /** The row is stored: what the queue does not take now, the reconciler enqueues. */
  async function enqueue(key: DatasetAttempt) {
    try {
      await jobs.add(`${key.datasetId}-${key.attempt}`, key)
    } catch (error) {
      logger.warn({ err: error, ...key }, 'A dataset could not be enqueued; the reconciler will')
    }
  }

  /**
   * Deletes an upload with its images, those that its runs have kept to be shown among them. What else runs that have
   * ended tell of it stays.
   * @throws NOT_FOUND, DATASET_IN_USE
   */
  async function deleteDataset(actor: Actor, id: string): Promise<void> {
    const row = await getRow(requireUploader(actor), id)
    const runs = await database.$transaction(async tx => {
      const where = { datasetId: row.id, modelKey: { not: null } }
      const runs = await tx.trainingRun.findMany({ where, select: { modelKey: true } })
      await deleteUnused(tx, uploadedDatasets, row.id)
      return runs
    })
    // After the row: files without a dataset are garbage, a dataset without its files would be a lie.
    await storage.deleteAll(filesOfDataset(row.id))
    for (const { modelKey } of runs) await storage.deleteAll(`${modelKey}/${testImagesFile}`)
  }

  /** A PNG of some images of each class. @throws NOT_FOUND, DATASET_PREVIEW_MISSING */
  async function readPreview(actor: Actor, id: string): Promise<Buffer> {
    const user = requireRunReader(actor)
    if (findDataset(id)) throw previewMissing()
    const { state, attempt } = await getRow(user, id)
    const key = `${filesOfDatasetAttempt({ datasetId: id, attempt })}/${decodedFiles.preview}`
    if (state !== 'READY' || !(await storage.holds(key))) throw previewMissing()
    return storage.read(key)
  }

  async function getRow(user: SignedInActor, id: string): Promise<DatasetRow> {
    const row = await findUpload(database, user, id)
    if (row === undefined) throw notFound('dataset')
    return row
  }
}
