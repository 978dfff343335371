import type { ProbeReport } from '../../workers/probe/probe-report.js'

/** A probing child whose library crashes when and where STAND_IN_CRASH says; the engine it is called with is its own. */
const crash = process.env.STAND_IN_CRASH
const send = (report: ProbeReport) => new Promise<void>(resolve => process.send?.(report, () => resolve()))
const die = () => process.kill(process.pid, 'SIGFPE')

if (crash === 'at-once') die()
else if (crash === 'never-there') await send({ kind: 'refused', reason: 'There is none.' })
else {
  await send({ kind: 'opened', device: 'CPU (stand-in)', version: '1', gpu: false, imagesPerSecond: 1 })
  const isCured =
    crash === 'without-avx'
      ? process.env.DNNL_MAX_CPU_ISA === 'AVX'
      : crash === 'with-onednn' && process.env.TF_ENABLE_ONEDNN_OPTS === '0'
  if (crash && !isCured) die()
  else await send({ kind: 'sound' })
}
process.disconnect?.()
