import { z } from 'zod'
import { networkSummary } from '../spec/network-summary.js'
import type { ModelRow } from './imported-model.js'

/** An imported model as both faces list it. */
export const modelBody = z.object({
  id: z.string(),
  title: z.string(),
  ownerId: z.string(),
  inputShape: z.array(z.number()).describe('Height, width and channels.'),
  classNames: z.array(z.string()).describe('What its outputs stand for.'),
  parameters: z.number(),
  bytes: z.number().describe("What it takes of its owner's quota."),
  createdAt: z.date(),
})
export type ModelView = z.output<typeof modelBody>

export const modelWithNetwork = modelBody.extend({ network: networkSummary })
export type ModelWithNetwork = z.output<typeof modelWithNetwork>

export function viewModel({ modelKey: _, ...model }: ModelRow): ModelView {
  return model
}
