export type Labels = Readonly<Record<string, string>>

interface Sample {
  readonly name: string
  readonly labels: Labels
  readonly value: number
}

/** The lines of Prometheus' text format, each read whole. @throws Error where one is none */
export function parseMetrics(text: string) {
  const samples: Sample[] = []
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const [, name, labels, value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    // What has no value yet is written as Nan, which Prometheus reads too.
    if (name === undefined || (Number.isNaN(Number(value)) && value?.toLowerCase() !== 'nan'))
      throw new Error(`No sample: ${line}`)
    const pairs = [...(labels ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)]
    samples.push({ name, labels: Object.fromEntries(pairs.map(([, k, v]) => [k, v])), value: Number(value) })
  }
  return {
    /** The value of a series; undefined where there is none. */
    read: (name: string, labels: Labels = {}): number | undefined =>
      samples.find(
        sample => sample.name === name && Object.entries(labels).every(([k, v]) => sample.labels[k] === v),
      )?.value,
    valuesOf: (name: string, label: string) =>
      new Set(samples.filter(sample => sample.name === name).map(sample => sample.labels[label])),
  }
}

/** Asks for the metrics as Prometheus does. */
export async function scrape(port: number) {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`)
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
  return parseMetrics(await response.text())
}
