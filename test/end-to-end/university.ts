import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { z } from 'zod'
import { cloneDatabase } from '../support/postgres.js'
import { runLyceum, startLyceum } from '../support/processes.js'

export interface Account {
  readonly email: string
  readonly password: string
}

/** Lyceum as it is run: a server and workers, accounts and courses that the command line made. */
export async function openUniversity(t: Test, settings: Record<string, string> = {}) {
  const { url, drop } = await cloneDatabase()
  const home = await mkdtemp(join(tmpdir(), 'lyceum-end-to-end-'))
  t.teardown(async () => {
    await drop()
    await rm(home, { recursive: true, force: true })
  })
  const env = { DATABASE_URL: url, LYCEUM_HOME: home, PORT: '0', ...settings }
  const command = async (args: readonly string[], input = '') => {
    const { code, stdout, stderr } = await runLyceum(args, env, input)
    if (code !== 0) throw new Error(`lyceum ${args.join(' ')} ended with ${code}: ${stderr}`)
    return stdout
  }
  const createUser = async (role: 'student' | 'instructor'): Promise<Account> => {
    const account = { email: `${role}@lyceum.test`, password: randomBytes(12).toString('hex') }
    await command(['user', 'create', account.email, '--name', role, '--role', role], `${account.password}\n`)
    return account
  }
  const [student, instructor] = await Promise.all([createUser('student'), createUser('instructor')])
  await command(['import', 'content', '--publish', '--owner', instructor.email])
  const server = await startLyceum(t, ['server'], env)
  const { port } = z.object({ port: z.number() }).parse(server.ready)
  return {
    env,
    home,
    student,
    instructor,
    server,
    address: `http://127.0.0.1:${port}`,
    startWorker: (changes: Record<string, string> = {}) => startLyceum(t, ['worker'], { ...env, ...changes }),
  }
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** As it was sent, to look for what must not be in it. */
  readonly text: string
  /** undefined where it is no JSON. */
  readonly json: ReturnType<typeof JSON.parse>
}

/** Asks a server as a frontend or a script does, over the network, and keeps every body that came. */
export function openClient(address: string, headers: Record<string, string> = {}) {
  const bodies: string[] = []
  const send = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const response = await fetch(`${address}${path}`, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    bodies.push(text)
    const isJson = /json/.test(response.headers.get('content-type') ?? '')
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: isJson ? JSON.parse(text) : undefined,
    }
  }
  return {
    bodies,
    send,
    get: (path: string) => send('GET', path),
    query: (query: string, variables: object = {}) => send('POST', '/graphql', { query, variables }),
  }
}
