import { z } from 'zod'

/** What the probing child says, in the order in which it says it. */
export const probeReport = z.discriminatedUnion('kind', [
  /** It opened, and took a training step of a small CNN. */
  z.strictObject({ kind: z.literal('opened'), device: z.string(), version: z.string(), gpu: z.boolean() }),
  z.strictObject({ kind: z.literal('refused'), reason: z.string() }),
  /** It computed, too, what is known to crash. */
  z.strictObject({ kind: z.literal('sound') }),
])
export type ProbeReport = z.output<typeof probeReport>
