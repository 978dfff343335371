import { createInterface } from 'node:readline/promises'
import { text } from 'node:stream/consumers'
import { z } from 'zod'
import { createIdentityService } from '../identity/identity-service.js'
import { createUserInput, email, newPassword } from '../identity/schemas.js'
import type { Database } from '../platform/database.js'
import { notFound } from '../platform/errors.js'
import { parseInput } from '../platform/parse.js'

const passwordReset = z.object({ email, password: newPassword })

/** Creates a user on behalf of whoever runs this process. @throws INVALID_INPUT, EMAIL_TAKEN */
export async function createUser(
  database: Database,
  input: { email: string; name: string; password: string; role: string },
): Promise<void> {
  const parsed = parseInput(createUserInput, { ...input, role: input.role.toUpperCase() })
  await createIdentityService(database).addUser(parsed)
}

/**
 * Gives a user another password on behalf of whoever runs this process, and ends the user's tokens.
 *
 * @throws INVALID_INPUT, NOT_FOUND
 */
export async function resetPassword(
  database: Database,
  input: { email: string; password: string },
): Promise<void> {
  const { email, password } = parseInput(passwordReset, input)
  const user = await database.user.findUnique({ where: { email }, select: { id: true } })
  if (user === null) throw notFound('user')
  await createIdentityService(database).resetPassword(user.id, password)
}

/** A password from standard input: asked for at a terminal, otherwise the first line of what is piped in. */
export async function readPassword(): Promise<string> {
  if (!process.stdin.isTTY) return (await text(process.stdin)).split('\n')[0] ?? ''
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  try {
    return await terminal.question('Password (it shows while you type): ')
  } finally {
    terminal.close()
  }
}
