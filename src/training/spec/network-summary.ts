import { z } from 'zod'
import type { Network } from '../../networks/network.js'
import { formatSummary, summarizeNetwork } from '../../networks/summary.js'
import type { DatasetDescription } from '../datasets/datasets.js'
import { specImpossible } from '../errors.js'
import { keepClasses } from './classes-spec.js'
import { estimateMemory, resolveNetwork } from './resolve-network.js'
import { type TrainingSpec, trainingSpec } from './training-spec.js'

const size = z.number()
const shape = z.array(z.number())

/** A network as both faces show it before it is trained. */
export const networkSummary = z.object({
  name: z.string(),
  text: z.string(),
  inputShape: shape,
  outputShape: shape,
  parameters: size,
  trainableParameters: size,
  multiplyAdds: size,
  activationBytes: size,
  weightBytes: size,
  trainingBytes: size,
  notes: z.array(z.string()),
  layers: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      inputs: z.array(z.string()),
      outputShape: shape,
      parameters: size,
      trainableParameters: size,
      multiplyAdds: size,
      activationBytes: size,
    }),
  ),
})
export type NetworkSummaryBody = z.output<typeof networkSummary>

/**
 * What a spec's network is made of and what its training costs, without an engine.
 * @throws RUN_SPEC_IMPOSSIBLE
 */
export function summarizeSpec(spec: TrainingSpec, dataset: DatasetDescription): NetworkSummaryBody {
  const resolved = resolveNetwork(spec, keepClasses(dataset, spec.classes))
  if ('problems' in resolved) throw specImpossible(resolved.problems)
  return summarize(resolved.network, spec, resolved.notes)
}

const defaults = trainingSpec.parse({ architecture: 'any', dataset: 'any' })

/** What a network is made of and what its training costs with the batch size and optimizer of a spec that names none. */
export function summarizeByDefaults(network: Network): NetworkSummaryBody {
  return summarize(network, defaults, [])
}

function summarize(
  network: Network,
  spec: Pick<TrainingSpec, 'batchSize' | 'optimizer'>,
  notes: readonly string[],
): NetworkSummaryBody {
  const summary = summarizeNetwork(network)
  return {
    ...summary,
    inputShape: [...summary.inputShape],
    outputShape: [...summary.outputShape],
    layers: summary.layers.map(layer => ({
      ...layer,
      inputs: [...layer.inputs],
      outputShape: [...layer.outputShape],
    })),
    text: formatSummary(summary),
    trainingBytes: estimateMemory(network, spec).totalBytes,
    notes: [...notes],
  }
}
