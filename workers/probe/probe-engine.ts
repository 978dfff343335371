import type { Network } from '../../src/networks/network.js'
import type { EngineRequest, TriedEngine } from '../../src/training/contract.js'
import type { EngineSettings } from '../engines/engine-environment.js'
import { type ProbeOptions, runProbe } from './run-probe.js'

type Variables = Record<string, string>

/**
 * What keeps oneDNN from ending the process, the milder first: in TensorFlow 2.21 it divides by zero in some 1x1
 * convolutions (512 to 1024 channels) on some virtual machines. Either makes other convolutions slower, up to
 * three times.
 */
const workarounds: readonly Variables[] = [{ DNNL_MAX_CPU_ISA: 'AVX' }, { TF_ENABLE_ONEDNN_OPTS: '0' }]

/** Half of what is known to crash, to be on the safe side. */
const wideChannels = 256

/** Tries an engine in processes of its own: whether it opens and trains, how fast, and with what. */
export async function probeEngine(
  engine: EngineRequest,
  settings: EngineSettings,
  options: ProbeOptions = {},
): Promise<TriedEngine> {
  const asItIs = await runProbe(engine, settings, {}, options)
  if ('refused' in asItIs) return { engine, reason: asItIs.refused }
  const { found, sound, crash } = asItIs
  if (sound) return { engine, ...found, workaround: {}, warnings: [] }
  const trouble = `1x1 convolutions of many channels end the process of ${engine} on this machine (${crash}).`
  for (const workaround of workarounds) {
    const result = await runProbe(engine, settings, workaround, options)
    if ('refused' in result || !result.sound) continue
    const warning = `${trouble} Networks that have them train with ${write(workaround)}, more slowly.`
    return { engine, ...found, workaround, warnings: [warning] }
  }
  const warning = `${trouble} Nothing that is known helps: train networks that have them on another engine.`
  return { engine, ...found, workaround: {}, warnings: [warning] }
}

/** Whether a network has what `workaround` is for. */
export function needsWorkaround({ layers }: Pick<Network, 'layers'>): boolean {
  return layers.some(
    layer =>
      layer.type === 'conv2d' &&
      layer.kernelSize.every(size => size === 1) &&
      (layer.inputShape.at(-1) ?? 0) >= wideChannels,
  )
}

function write(variables: Variables): string {
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
}
