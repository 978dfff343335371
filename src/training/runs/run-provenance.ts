import { z } from 'zod'
import type { RunEvent } from './run-events.js'

type StartedEvent = Extract<RunEvent, { type: 'started' }>

/** What a run was computed with, beside its spec and its seed: what one must have to get the same numbers again. */
export const runProvenance = z.object({
  /** SHA-256 of the dataset as decoded, of the classes that were chosen. */
  datasetChecksum: z.string(),
  engineVersion: z.string(),
  /** Of the network. */
  parameters: z.number(),
  /** Lyceum's version, and a digest of the code that trains. */
  codeVersion: z.string().nullable(),
  nodeVersion: z.string().nullable(),
  tfjsVersion: z.string().nullable(),
  /** Operating system and processor, such as linux-x64. */
  platform: z.string().nullable(),
})
type RunProvenance = z.output<typeof runProvenance>

/** Of the execution that told it last: one that goes on from a checkpoint may do so on another machine. */
export function provenanceOf({
  datasetChecksum,
  engineVersion,
  parameters,
  versions,
}: StartedEvent): RunProvenance {
  return {
    ...{ datasetChecksum, engineVersion, parameters },
    codeVersion: versions?.code ?? null,
    nodeVersion: versions?.node ?? null,
    tfjsVersion: versions?.tfjs ?? null,
    platform: versions?.platform ?? null,
  }
}

/** As the row has it; undefined of a run that has not begun to train. */
export function readProvenance(stored: unknown): RunProvenance | undefined {
  return runProvenance.safeParse(stored).data
}
