import { z } from 'zod'
import { workingEngine } from '../../src/training/contract.js'

/** What the probing child says, in the order in which it says it. */
export const probeReport = z.discriminatedUnion('kind', [
  /** It opened, computed rightly and was measured. */
  workingEngine
    .pick({ device: true, version: true, gpu: true, imagesPerSecond: true })
    .extend({ kind: z.literal('opened') }),
  z.strictObject({ kind: z.literal('refused'), reason: z.string() }),
  /** It computed, too, what is known to crash. */
  z.strictObject({ kind: z.literal('sound') }),
])
export type ProbeReport = z.output<typeof probeReport>
