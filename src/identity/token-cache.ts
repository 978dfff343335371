import type { SignedInActor } from './contract.js'

const lifetimeMs = 2_000
const most = 10_000

interface Entry {
  readonly actor: SignedInActor
  /** By `performance.now()`: a clock that is set back must not lengthen a token's life. */
  readonly until: number
}

/**
 * Who the last tokens belonged to, so that a page of requests costs one look-up. A revocation drops its entry
 * at once; the short lifetime is the net for the moment in which the listening connection is broken.
 */
export class TokenCache {
  readonly #byHash = new Map<string, Entry>()
  readonly #hashById = new Map<string, string>()
  #revocations = 0

  find(hash: string): SignedInActor | undefined {
    const entry = this.#byHash.get(hash)
    if (entry === undefined) return undefined
    if (entry.until > performance.now()) return entry.actor
    this.drop(entry.actor.tokenId)
    return undefined
  }

  /**
   * Looks a token up and keeps the answer, unless a revocation was heard meanwhile: the look-up may have read
   * the state before it.
   *
   * @param lookUp gives the actor and for how long, in ms, the token is still valid
   */
  async keep(
    hash: string,
    lookUp: () => Promise<{ actor: SignedInActor; validForMs: number } | undefined>,
  ): Promise<SignedInActor | undefined> {
    const before = this.#revocations
    const found = await lookUp()
    if (found === undefined) return undefined
    if (before === this.#revocations) {
      if (this.#byHash.size >= most) this.clear()
      const until = performance.now() + Math.min(lifetimeMs, found.validForMs)
      this.#byHash.set(hash, { actor: found.actor, until })
      this.#hashById.set(found.actor.tokenId, hash)
    }
    return found.actor
  }

  drop(tokenId: string) {
    this.#revocations++
    const hash = this.#hashById.get(tokenId)
    if (hash === undefined) return
    this.#hashById.delete(tokenId)
    this.#byHash.delete(hash)
  }

  clear() {
    this.#revocations++
    this.#byHash.clear()
    this.#hashById.clear()
  }
}
