import { z } from 'zod'
import type { WeightSpec } from '../../networks/layers-model.js'
import type { Network } from '../../networks/network.js'
import { NetworkError } from '../../networks/network-builder.js'
import type { SavedModel } from '../../networks/saved-model.js'
import { ALL_BUT_HEAD, countFrozenLayers, findHead, trainableBehind } from '../../networks/transfer.js'
import type { SpecProblem } from './training-spec.js'

const factor = z.number().positive().max(100)

/** How a run begins with another one's model. The head is the last dense layer, the base all before it. */
export const fineTuning = z
  .strictObject({
    /** The run whose model it begins with. */
    runId: z.uuid().optional(),
    /** In its place a lab: of its runs that are yours, the latest that succeeded. A launched run names the run. */
    labId: z.string().min(1).max(200).optional(),
    /** Or a model that was imported. */
    modelId: z.uuid().optional(),
    /** Whether the head begins anew; by default where the classes are others than the model's. */
    newHead: z.boolean().optional(),
    /** The last of the layers that stay as they are, or `all-but-head`. */
    freeze: z.string().min(1).max(100).optional(),
    /** From this epoch on all layers are trained; the optimizer then begins anew. */
    unfreezeAtEpoch: z.int().min(2).max(100).optional(),
    /** Factors of the run's learning rate. */
    learningRates: z.strictObject({ base: factor.default(1), head: factor.default(1) }).prefault({}),
  })
  .refine(
    ({ runId, labId, modelId }) => [runId, labId, modelId].filter(id => id !== undefined).length === 1,
    'must name one of runId, labId and modelId',
  )
export type FineTuning = z.output<typeof fineTuning>

export const fineTuningFields = {
  /** Null takes back what a lab says. */
  from: fineTuning.nullish().transform(from => from ?? undefined),
}

/** What of a fine-tuning contradicts its network or its length, whatever it begins with. */
export function findFineTuningProblems(from: FineTuning, network: Network, epochs: number): SpecProblem[] {
  const { freeze, unfreezeAtEpoch } = from
  const refuse = (message: string): SpecProblem[] => [{ field: 'from', message }]
  try {
    findHead(network)
    if (freeze === undefined) {
      return unfreezeAtEpoch === undefined
        ? []
        : refuse("'unfreezeAtEpoch' needs 'freeze': nothing is frozen.")
    }
    if (unfreezeAtEpoch !== undefined && unfreezeAtEpoch > epochs) {
      return refuse(`Epoch ${unfreezeAtEpoch}, when it is to be unfrozen, is after the last one, ${epochs}.`)
    }
    if (trainableBehind(network, countFrozenLayers(network, freeze)).includes(true)) return []
    return refuse(`With everything frozen up to '${freeze}' nothing is left to train: freeze less.`)
  } catch (error) {
    if (error instanceof NetworkError) return refuse(`${error.message}.`)
    throw error
  }
}

/** What of a network's weights, but for a head that begins anew, a saved model does not have. */
export function findSourceProblems(
  network: Network,
  newHead: boolean,
  { weights, classNames }: SavedModel,
): SpecProblem[] {
  const known = new Map(weights.map(weight => [weight.name, weight]))
  const head = findHead(network)
  for (const [index, layer] of network.layers.entries()) {
    for (const { name, shape } of newHead && index === head ? [] : layer.weights) {
      const weight = known.get(weightName(layer.name, name))
      if (`${weight?.shape}` === `${shape}`) continue
      const message =
        index === head
          ? `The model tells ${classNames.length} classes apart, the run ${network.outputShape}: set 'newHead'.`
          : `The model does not fit: ${describe(weight, layer.name, name)}, and the run's is [${shape.join(', ')}]. ` +
            'Network and input size must be the same, but for the head.'
      return [{ field: 'from', message }]
    }
  }
  return []
}

/** The name of a weight in a saved model. */
export function weightName(layer: string, weight: string): string {
  return `${layer}/${weight}`
}

function describe(found: WeightSpec | undefined, layer: string, weight: string): string {
  return found
    ? `its '${found.name}' is of shape [${found.shape.join(', ')}]`
    : `it has no '${weightName(layer, weight)}'`
}

/** Which of a network's weights an epoch trains. */
export function trainableAt(network: Network, from: FineTuning | undefined, epoch: number): boolean[] {
  const isFrozen = from?.freeze !== undefined && epoch < (from.unfreezeAtEpoch ?? Number.POSITIVE_INFINITY)
  return trainableBehind(network, isFrozen ? countFrozenLayers(network, from.freeze ?? ALL_BUT_HEAD) : 0)
}

/** By what the learning rate is multiplied for each weight. */
export function learningRateFactors(network: Network, from: FineTuning | undefined): number[] {
  const head = from ? findHead(network) : 0
  return network.layers.flatMap((layer, index) =>
    layer.weights.map(() => from?.learningRates[index < head ? 'base' : 'head'] ?? 1),
  )
}
