import pino from 'pino'

export type Logger = pino.Logger

/** Structured logs without secrets: what could carry one is removed by path. */
export function createLogger(level: string, { pretty = false, name = 'lyceum' } = {}): Logger {
  return pino({
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
      ],
      remove: true,
    },
    ...(pretty ? { transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname,name' } } } : {}),
  })
}
