/** Who is signed in to this page. */
export interface Session {
  readonly role: string
}

const address = '/api/v1/session'
/** Of the session whose cookie the browser holds: what changes something needs both. */
let csrfToken: string | undefined

/** The session that the browser has a cookie of; undefined without one. */
export async function findSession(): Promise<Session | undefined> {
  // By GraphQL, for whom nobody is an answer: browsers print the 401 of REST as an error.
  const response = await fetch(`/graphql?query=${encodeURIComponent('{ me { id } }')}`)
  const { data }: { data?: { me: unknown } } = await response.json()
  return data?.me ? readSession() : undefined
}

export async function signIn(email: string, password: string): Promise<Session> {
  const response = await fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password, delivery: 'cookie' }),
  })
  await requireOk(response)
  return readSession()
}

export async function signOut(): Promise<undefined> {
  await requireOk(await fetch(address, { method: 'DELETE', headers: csrfHeader() }))
  csrfToken = undefined
}

export function csrfHeader(): Record<string, string> {
  return csrfToken === undefined ? {} : { 'x-csrf-token': csrfToken }
}

async function readSession(): Promise<Session> {
  const response = await fetch(address)
  await requireOk(response)
  const session: Session & { csrfToken: string | null } = await response.json()
  csrfToken = session.csrfToken ?? undefined
  return session
}

/** @throws Error with what the server's problem says */
async function requireOk(response: Response): Promise<void> {
  if (response.ok) return
  const problem: { detail?: string } = await response.json()
  throw new Error(problem.detail ?? response.statusText)
}
