import pino, { type DestinationStream } from 'pino'

export type Logger = pino.Logger

/** Structured logs without secrets: what could carry one is removed by path. */
export function createLogger(
  level: string,
  {
    pretty = false,
    name = 'lyceum',
    destination,
  }: { pretty?: boolean; name?: string; destination?: DestinationStream } = {},
): Logger {
  const options: pino.LoggerOptions = {
    name,
    level,
    redact: {
      paths: [
        'req.headers.authorization',
        'req.headers.cookie',
        'res.headers["set-cookie"]',
        '*.password',
        '*.token',
        '*.passwordHash',
        // An error of ioredis carries the command that failed, AUTH's password among its arguments.
        'err.command',
      ],
      remove: true,
    },
    ...(pretty ? { transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname,name' } } } : {}),
  }
  return destination ? pino(options, destination) : pino(options)
}
