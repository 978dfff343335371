import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Dependencies } from '../src/platform/dependencies.js'
import { type ExportRequest, exportKey } from '../src/training/contract.js'
import { fetchModel } from './fetch-model.js'

/** Far more than the largest network of the university takes. */
const longestExportMs = 10 * 60_000
const program = fileURLToPath(new URL('exporter/main.js', import.meta.url))

interface Parts extends Pick<Dependencies, 'database' | 'storage'> {
  /** Where the model and the export lie while the work goes on. */
  readonly scratchDirectory: string
}

/**
 * Converts the model of a run in a child process and keeps the result in the storage; does nothing where it is there.
 * @throws Error where the run has no model, or the child process failed
 */
export async function exportModel(
  { database, storage, scratchDirectory }: Parts,
  { runId, format }: ExportRequest,
  signal: AbortSignal,
): Promise<void> {
  const findModel = () =>
    database.trainingRun.findUnique({ where: { id: runId }, select: { modelKey: true } })
  const modelKey = (await findModel())?.modelKey
  if (!modelKey) throw new Error('The run has no model.')
  const key = exportKey(modelKey, format)
  if (await storage.holds(key)) return
  const directory = await mkdtemp(join(scratchDirectory, 'export-'))
  try {
    await fetchModel(storage, modelKey, directory)
    const file = join(directory, 'export')
    await convert(format, directory, file, signal)
    await storage.write(key, createReadStream(file))
    // A run that was deleted meanwhile took the files along that it had then.
    if ((await findModel())?.modelKey !== modelKey) await storage.deleteAll(modelKey)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function convert(format: string, directory: string, file: string, signal: AbortSignal): Promise<void> {
  const child = fork(program, [format, directory, file], {
    execArgv: [],
    stdio: ['ignore', 2, 2, 'ipc'],
    signal,
    timeout: longestExportMs,
    killSignal: 'SIGKILL',
  })
  const [code, end] = await once(child, 'exit')
  if (code !== 0) throw new Error(`The export ended with ${end ?? `code ${code}`}.`)
}
