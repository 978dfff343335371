import type { ContentProblem } from '../errors.js'

/** Gathers the faults of one course, so that its author sees all of them at once. */
export class Problems {
  readonly #list: ContentProblem[] = []

  add(file: string, line: number, reason: string) {
    this.#list.push({ file, line, reason })
  }

  get none(): boolean {
    return this.#list.length === 0
  }

  get list(): readonly ContentProblem[] {
    return this.#list
  }
}
