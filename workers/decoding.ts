import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Config } from '../src/config.js'
import type { Dependencies } from '../src/platform/dependencies.js'
import {
  type DecodeCommand,
  type DecodedDataset,
  type DecoderReport,
  datasetLimits,
  decodedFiles,
  decoderReport,
  filesOfDataset,
  filesOfDatasetAttempt,
  uploadOf,
} from '../src/training/contract.js'
import {
  beatDataset,
  claimDataset,
  type DatasetAttempt,
  failDataset,
  finishDataset,
  refuseDataset,
  requeueDataset,
} from '../src/training/datasets/dataset-ledger.js'
import { startChild } from './supervisor/child-process.js'

const heartbeatMs = 1_000
const heapMebibytes = 1024

export interface Decoding extends Pick<Dependencies, 'database' | 'storage' | 'logger'> {
  readonly quota: Config['datasetQuota']
  /** The program of the child process. */
  readonly decoderFile: string
  /** Where the upload is copied to, and decoded. */
  readonly scratchDirectory: string
}

/** Why it ended. The first reason counts. */
type Verdict =
  | { kind: 'decoded'; dataset: DecodedDataset }
  | { kind: 'refused'; reason: string }
  | { kind: 'died'; reason: string }
  | { kind: 'workerStops' }
  | { kind: 'lost' }

/**
 * Takes one attempt to decode an upload from its claim to its end; does nothing where another has taken it.
 *
 * @param stopping aborted when the worker stops: the upload then goes back to the queue
 * @throws Error where the database stays away; the dataset is then recovered as one of a lost worker
 */
export async function superviseDecoding(
  parts: Decoding,
  key: DatasetAttempt,
  stopping: AbortSignal,
): Promise<void> {
  const claimed = stopping.aborted ? undefined : await claimDataset(parts.database, key)
  if (!claimed) return
  const directory = await mkdtemp(join(parts.scratchDirectory, 'dataset-'))
  const beating = startHeart(parts, key)
  try {
    const ended = AbortSignal.any([stopping, beating.lost])
    const verdict = await decode(parts, key, { ...claimed, directory }, beating.tell, ended)
    parts.logger.info({ ...key, verdict: verdict.kind }, 'The decoding is over on this worker')
    await conclude(parts, key, beating.lost.aborted ? { kind: 'lost' } : verdict, directory)
  } finally {
    beating.stop()
    await rm(directory, { recursive: true, force: true })
  }
}

/** Says every second that the attempt lives and how far it is; `lost` is aborted when it was given to another. */
function startHeart({ database, logger }: Decoding, key: DatasetAttempt) {
  const lost = new AbortController()
  let progress = 0
  const heart = setInterval(async () => {
    try {
      if (!(await beatDataset(database, key, progress))) lost.abort()
    } catch (err) {
      logger.warn({ err, ...key }, 'The heartbeat could not be stored')
    }
  }, heartbeatMs)
  return {
    lost: lost.signal,
    stop: () => clearInterval(heart),
    tell: (share: number) => {
      progress = share
    },
  }
}

async function decode(
  { storage, decoderFile, logger }: Decoding,
  key: DatasetAttempt,
  { size, directory }: { size: number | null; directory: string },
  onProgress: (share: number) => void,
  ended: AbortSignal,
): Promise<Verdict> {
  const uploadFile = join(directory, 'upload.zip')
  try {
    const upload = await storage.open(uploadOf(key.datasetId))
    if (!upload) throw new Error('the upload is not in the storage')
    await pipeline(upload.stream, createWriteStream(uploadFile), { signal: ended })
  } catch (err) {
    if (ended.aborted) return { kind: 'workerStops' }
    logger.error({ err, ...key }, 'The upload could not be read')
    return { kind: 'died', reason: err instanceof Error ? `${err.message}.` : String(err) }
  }
  return runDecoder(decoderFile, { uploadFile, outputDirectory: directory, size }, onProgress, ended)
}

/** Runs the child process to its end, within its time. */
export async function runDecoder(
  decoderFile: string,
  command: DecodeCommand,
  onProgress: (share: number) => void,
  ended: AbortSignal,
  decodingMs: number = datasetLimits.decodingMs,
): Promise<Verdict> {
  let verdict: Verdict | undefined
  const decide = (reason: Verdict) => {
    verdict ??= reason
    child.kill()
  }
  const child = startChild<DecodeCommand, DecoderReport>(decoderFile, {
    reports: decoderReport,
    onReport(report) {
      if (report?.kind === 'progress') return onProgress(report.share)
      decide(judge(report))
    },
    env: decoderEnvironment(),
    execArgv: [`--max-old-space-size=${heapMebibytes}`],
  })
  const stop = () => decide({ kind: 'workerStops' })
  ended.addEventListener('abort', stop)
  if (ended.aborted) stop()
  const timer = setTimeout(() => decide({ kind: 'refused', reason: tooSlow(decodingMs) }), decodingMs)
  child.send(command)
  const { code, signal, error } = await child.gone
  clearTimeout(timer)
  ended.removeEventListener('abort', stop)
  const how = error?.message ?? (signal === null ? `ended with ${code}` : `was ended by ${signal}`)
  return verdict ?? { kind: 'died', reason: `the decoder ${how}; it may have run out of memory.` }
}

function judge(report: Exclude<DecoderReport, { kind: 'progress' }> | undefined): Verdict {
  if (report === undefined) return { kind: 'died', reason: 'worker and decoder are of different versions.' }
  return report.kind === 'failed' ? { kind: 'died', reason: `${report.message}.` } : report
}

/** Files from outside meet native code there: it is to find no secrets. */
function decoderEnvironment(): NodeJS.ProcessEnv {
  const secret = /^(DATABASE_URL|REDIS_URL|LYCEUM_S3_.*|AWS_.*)$/
  const rest = Object.entries(process.env).filter(([name]) => !secret.test(name))
  return { ...Object.fromEntries(rest), VIPS_CONCURRENCY: '1' }
}

function tooSlow(decodingMs: number): string {
  return `It takes more than ${Math.round(decodingMs / 60_000)} minutes to decode: send fewer or smaller images.`
}

async function conclude(parts: Decoding, key: DatasetAttempt, verdict: Verdict, directory: string) {
  const { database, storage } = parts
  switch (verdict.kind) {
    case 'lost':
      // The dataset may have been deleted, and its files with it; where it was not, another attempt reads the upload.
      return storage.deleteAll(filesOfDatasetAttempt(key))
    case 'workerStops':
      return requeueDataset(database, key)
    case 'died':
      if ((await failDataset(database, key, verdict.reason)) === 'REFUSED') {
        await storage.deleteAll(filesOfDataset(key.datasetId))
      }
      return
    case 'refused':
      if (await refuseDataset(database, key, verdict.reason)) {
        await storage.deleteAll(filesOfDataset(key.datasetId))
      }
      return
    case 'decoded':
      return store(parts, key, verdict.dataset, directory)
  }
}

/** The files first: a dataset that is READY has its images. */
async function store(
  { database, storage, logger, quota }: Decoding,
  key: DatasetAttempt,
  dataset: DecodedDataset,
  directory: string,
) {
  const prefix = filesOfDatasetAttempt(key)
  try {
    for (const name of Object.values(decodedFiles)) {
      await storage.write(`${prefix}/${name}`, createReadStream(join(directory, name)))
    }
  } catch (err) {
    logger.error({ err, ...key }, 'The images could not be stored')
    await failDataset(
      database,
      key,
      `the images could not be stored: ${err instanceof Error ? err.message : err}.`,
    )
    return storage.deleteAll(prefix)
  }
  const state = await finishDataset(database, key, dataset, quota)
  await storage.deleteAll(state === 'READY' ? uploadOf(key.datasetId) : prefix)
  if (state === 'REFUSED') await storage.deleteAll(filesOfDataset(key.datasetId))
}
