import { z } from 'zod'

const run = z.object({ id: z.string(), status: z.string(), attempt: z.number() })
const history = z.object({ items: z.array(z.object({ number: z.number() })) })

/** A script that signed in at a server, and what it does with runs; a new server takes the same token. */
export async function signIn(address: string, account: { email: string; password: string }) {
  const signedIn = await fetch(`${address}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: account.email, password: account.password, delivery: 'bearer' }),
  })
  const { token } = z.object({ token: z.string() }).parse(await signedIn.json())
  return openScript(address, token)
}

export function openScript(address: string, token: string) {
  const call = async (path: string, body?: object) => {
    const response = await fetch(`${address}/api/v1${path}`, {
      method: body ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return response.json()
  }
  return {
    token,
    launch: async (spec: object) => run.parse(await call('/runs', { spec })).id,
    getRun: async (id: string) => run.parse(await call(`/runs/${id}`)),
    /** Undefined while the server or its database does not answer. */
    statusOf: async (id: string) =>
      call(`/runs/${id}`).then(
        body => run.parse(body).status,
        () => undefined,
      ),
    numbersOf: async (id: string) => {
      const { items } = history.parse(await call(`/runs/${id}/history?first=200`))
      return items.map(item => item.number)
    },
    coursesSeen: async () =>
      z.object({ items: z.array(z.unknown()) }).parse(await call('/courses')).items.length,
  }
}
