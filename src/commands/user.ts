import { createInterface } from 'node:readline/promises'
import { text } from 'node:stream/consumers'
import { createIdentityService } from '../identity/identity-service.js'
import { createUserInput } from '../identity/schemas.js'
import type { Database } from '../platform/database.js'
import { parseInput } from '../platform/parse.js'

/** Creates a user on behalf of whoever runs this process. @throws INVALID_INPUT, EMAIL_TAKEN */
export async function createUser(
  database: Database,
  input: { email: string; name: string; password: string; role: string },
): Promise<void> {
  const parsed = parseInput(createUserInput, { ...input, role: input.role.toUpperCase() })
  await createIdentityService(database).addUser(parsed)
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
