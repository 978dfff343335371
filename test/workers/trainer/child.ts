import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type ChildReport, childReport } from '../../../src/training/contract.js'

const main = fileURLToPath(new URL('../../../workers/trainer/main.js', import.meta.url))

/** A real training child, every report of which is parsed as its supervisor does. */
export class Child {
  readonly process: ChildProcess = fork(main)
  readonly reports: ChildReport[] = []
  readonly exited: Promise<number | null>
  readonly #watchers = new Set<() => void>()

  constructor() {
    this.process.on('message', message => {
      this.reports.push(childReport.parse(message))
      for (const check of this.#watchers) check()
    })
    this.exited = once(this.process, 'exit').then(([code]) => code)
  }

  /** Anything at all, so that nonsense can be sent too. */
  send(message: object): void {
    this.process.send(message)
  }

  /** The first report that fits, past ones among them. */
  until<T extends ChildReport>(fits: (report: ChildReport) => report is T): Promise<T> {
    return new Promise((resolve, reject) => {
      const check = () => {
        const found = this.reports.find(fits)
        if (!found) return
        this.#watchers.delete(check)
        resolve(found)
      }
      this.#watchers.add(check)
      this.exited.then(code => reject(new Error(`the child left with ${code}`)))
      check()
    })
  }
}

export function isKind<K extends ChildReport['kind']>(kind: K) {
  return (report: ChildReport): report is Extract<ChildReport, { kind: K }> => report.kind === kind
}

export function isEvent(type: string) {
  return (report: ChildReport): report is Extract<ChildReport, { kind: 'event' }> =>
    report.kind === 'event' && report.event.type === type
}
