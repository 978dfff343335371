import type { Logger } from './logger.js'

const sameErrorMs = 10_000

/**
 * Logs errors by their message alone: those of ioredis carry the command with its arguments, AUTH's password
 * among them. One that repeats is logged every 10 s: what asks a server that is away may say it at every try.
 */
export function warnOfRepeated(logger: Logger, what: string): (error: Pick<Error, 'message'>) => void {
  let last = { message: '', at: 0 }
  return ({ message }) => {
    const at = performance.now()
    if (message === last.message && at - last.at < sameErrorMs) return
    last = { message, at }
    logger.warn({ error: message }, what)
  }
}
