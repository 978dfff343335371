import pg from 'pg'

const connectTimeoutMs = 10_000

/**
 * Connects to PostgreSQL, for what stands at the beginning of a process.
 *
 * @throws Error with one line that says which server did not answer as it should and what to do, without the
 *   password; its `cause` is the error as it came
 */
export async function connect(
  connectionString: string,
  options: Pick<pg.ClientConfig, 'keepAlive' | 'application_name'> = {},
): Promise<pg.Client> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: connectTimeoutMs, ...options })
  client.on('error', () => {})
  try {
    await client.connect()
    return client
  } catch (error) {
    await client.end().catch(() => {})
    throw new Error(describe(connectionString, error), { cause: error })
  }
}

function describe(connectionString: string, error: unknown): string {
  const { host: named, username, pathname, searchParams } = new URL(connectionString)
  const host = named === '' ? (searchParams.get('host') ?? 'localhost') : named
  const name = decodeURIComponent(pathname.slice(1))
  switch (codeOf(error)) {
    case '3D000':
      return `There is no database '${name}' at ${host}: 'lyceum migrate' creates it.`
    case '28P01':
    case '28000':
      return (
        `PostgreSQL at ${host} refuses the user '${decodeURIComponent(username)}' or the password: ` +
        'correct DATABASE_URL.'
      )
    default:
      return (
        `PostgreSQL at ${host} does not answer (${describeReason(error)}): ` +
        'see that it runs, or correct DATABASE_URL.'
      )
  }
}

/** The reason why a server could not be reached, in words where it is a usual one. */
export function describeReason(error: unknown): string {
  const code = codeOf(error)
  if (code === 'ECONNREFUSED') return 'nothing listens there'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'its name is not known'
  // ioredis does not say why it had no connection.
  if (error instanceof Error && error.name === 'MaxRetriesPerRequestError') return 'no connection'
  if (code === 'ETIMEDOUT' || code === 'EHOSTUNREACH') return 'it is out of reach'
  return error instanceof Error && error.message !== '' ? error.message : String(code ?? error)
}

/** Several addresses of one name fail together, as one error without words. */
function codeOf(error: unknown): unknown {
  if (error instanceof AggregateError) return codeOf(error.errors[0])
  return error instanceof Error && 'code' in error ? error.code : undefined
}
