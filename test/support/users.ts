import { randomBytes } from 'node:crypto'
import type { Role } from '../../src/identity/contract.js'
import type { TestApp } from './app.js'

export interface TestUser {
  readonly userId: string
  readonly email: string
  readonly password: string
  readonly token: string
  readonly headers: { authorization: string }
}

/** A user who has signed in, made by the real service. */
export async function createUser(
  { app }: Pick<TestApp, 'app'>,
  { role = 'STUDENT', email }: { role?: Role; email?: string } = {},
): Promise<TestUser> {
  const unique = randomBytes(6).toString('hex')
  const account = {
    email: email ?? `${role.toLowerCase()}-${unique}@lyceum.test`,
    password: `password ${unique}`,
  }
  const { id } = await app.identity.addUser({ ...account, name: `Test ${role.toLowerCase()}`, role })
  const { secret } = await app.identity.signIn(account)
  return { userId: id, ...account, token: secret, headers: { authorization: `Bearer ${secret}` } }
}
