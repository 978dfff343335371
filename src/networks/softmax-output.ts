import { activation } from './layers.js'
import type { LayerSpec } from './network.js'
import type { NetworkBuilder, Node } from './network-builder.js'

/**
 * Ends a network in probabilities: where the last layer gives plain numbers, they are taken for logits.
 * @throws what `refuse` makes of the reason, where they are something else
 */
export function endInSoftmax(
  builder: NetworkBuilder,
  last: LayerSpec,
  output: Node,
  refuse: (reason: string) => Error,
): void {
  const name = 'activation' in last ? last.activation : 'linear'
  if (name === 'linear') builder.add(activation('softmax'), output)
  else if (name !== 'softmax') {
    throw refuse(
      `a network that tells classes apart ends in softmax (or in logits, without one), not in ${name}`,
    )
  }
}
