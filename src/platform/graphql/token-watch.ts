import type { WebSocket } from 'ws'
import type { Notifications } from '../notifications.js'

interface Admitted {
  readonly token?: { readonly id: string; readonly expiresAt: Date } | undefined
}

const forbidden = 4403
const serviceRestart = 1012
/** The longest that a timer of Node's can wait, in ms. */
const longestWaitMs = 2 ** 31 - 1

/** Ends an open socket when the token that opened it does. */
export class TokenWatch {
  readonly #sockets = new Map<string, Set<WebSocket>>()
  readonly #stop: ReadonlyArray<() => void>
  #heard = 0

  constructor(notifications: Notifications) {
    this.#stop = [
      notifications.on('token_revoked', tokenId => {
        this.#heard++
        for (const socket of this.#sockets.get(tokenId) ?? []) socket.close(forbidden, 'Token revoked')
      }),
      // A revocation may have been missed meanwhile: clients come back and are asked again.
      notifications.onReconnected(() => {
        this.#heard++
        for (const set of this.#sockets.values()) {
          for (const socket of set) socket.close(serviceRestart, 'Connect again')
        }
      }),
    ]
  }

  /** Admits a socket by what `authenticate` finds, which is asked again where a revocation came in between. */
  async admit<Identity extends Admitted>(
    socket: WebSocket,
    authenticate: () => Promise<Identity>,
  ): Promise<Identity> {
    for (;;) {
      const heard = this.#heard
      const identity = await authenticate()
      if (heard !== this.#heard) continue
      if (identity.token !== undefined) this.#watch(socket, identity.token)
      return identity
    }
  }

  #watch(socket: WebSocket, { id, expiresAt }: { id: string; expiresAt: Date }) {
    const sockets = this.#sockets.get(id) ?? new Set()
    this.#sockets.set(id, sockets.add(socket))
    const wait = Math.min(Math.max(expiresAt.getTime() - Date.now(), 0), longestWaitMs)
    const timer = setTimeout(() => socket.close(forbidden, 'Token expired'), wait)
    socket.once('close', () => {
      clearTimeout(timer)
      sockets.delete(socket)
      if (sockets.size === 0) this.#sockets.delete(id)
    })
  }

  close() {
    for (const stop of this.#stop) stop()
  }
}
