import { Histogram, type Registry } from 'prom-client'

/** Is told how many seconds after it was stored each event was handed out. */
export type ObserveDelay = (seconds: number) => void

export function measureEventDelay(registry: Registry): ObserveDelay {
  const delays = new Histogram({
    name: 'lyceum_event_delay_seconds',
    help: "Time from an event's storing to when this process hands it to those who watch, by the database's clock.",
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  })
  return seconds => delays.observe(seconds)
}
