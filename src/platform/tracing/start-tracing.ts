import { DiagLogLevel, diag } from '@opentelemetry/api'
import { z } from 'zod'
import { within } from '../job-answers.js'
import type { Logger } from '../logger.js'
import { warnOfRepeated } from '../repeated-warning.js'

interface Settings {
  /** Of the collector; `v1/traces` below it takes the spans. */
  readonly endpoint: string
  /** The share of the traces that begin here and are kept. One that a caller began is as the caller says. */
  readonly ratio: number
  /** Which program this is. */
  readonly service: 'lyceum-api' | 'lyceum-worker'
}

const told = z.object({ message: z.string() })

/** Of one request to the collector, and of the last spans when the process stops. */
const patienceMs = 2_000
/** What waits for a collector that is away; what comes beyond is dropped. */
const mostWaiting = 2_048

/**
 * From here on the spans of this process are sent to a collector, in the background.
 *
 * @returns what sends the last ones, within 2 s
 */
export async function startTracing(
  { endpoint, ratio, service }: Settings,
  logger: Logger,
): Promise<() => Promise<void>> {
  // Loaded only where it is used: it takes a process some 0.3 s and 16 MB.
  const { BatchSpanProcessor, NodeTracerProvider, ParentBasedSampler, TraceIdRatioBasedSampler } =
    await import('@opentelemetry/sdk-trace-node')
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http')
  const { resourceFromAttributes } = await import('@opentelemetry/resources')
  const warn = warnOfRepeated(logger, 'Traces could not be sent; they are dropped')
  const silent = () => {}
  diag.setLogger(
    {
      error: text => warn({ message: readMessage(text) }),
      warn: silent,
      info: silent,
      debug: silent,
      verbose: silent,
    },
    { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true },
  )
  const url = new URL('v1/traces', endpoint.endsWith('/') ? endpoint : `${endpoint}/`).href
  const exporter = new OTLPTraceExporter({ url, timeoutMillis: patienceMs })
  const batches = {
    maxQueueSize: mostWaiting,
    scheduledDelayMillis: 1_000,
    exportTimeoutMillis: 2 * patienceMs,
  }
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': service, 'process.pid': process.pid }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new BatchSpanProcessor(exporter, batches)],
  })
  provider.register()
  return async () => {
    await within(provider.shutdown(), patienceMs).catch(() => {})
  }
}

/** The SDK tells an error as a text of JSON, stack and all. */
function readMessage(text: string): string {
  try {
    return told.parse(JSON.parse(text)).message
  } catch {
    return text
  }
}
