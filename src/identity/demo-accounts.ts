import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Config } from '../config.js'
import type { Database } from '../platform/database.js'
import { roles } from './contract.js'
import { createIdentityService } from './identity-service.js'
import { verifyPassword } from './passwords.js'

const demoAccount = z.object({ role: z.enum(roles), email: z.string(), password: z.string().min(12) })
export type DemoAccount = z.output<typeof demoAccount>

const names = { STUDENT: 'Demo Student', INSTRUCTOR: 'Demo Instructor', ADMIN: 'Demo Admin' } as const

/**
 * Makes sure that a student, an instructor and an admin can sign in to the embedded database. Their random
 * passwords stand in `<home>/demo-accounts.json`, which is the truth: a lost file makes new ones, and a password
 * that differs from it is set back. On any other database there are none.
 */
export async function ensureDemoAccounts(
  database: Database,
  config: Pick<Config, 'embedded' | 'home'>,
): Promise<DemoAccount[]> {
  if (!config.embedded) return []
  const file = join(config.home, 'demo-accounts.json')
  const accounts = (await readAccounts(file)) ?? (await writeAccounts(file))
  const identity = createIdentityService(database)
  for (const account of accounts) {
    const user = await database.user.findUnique({ where: { email: account.email } })
    if (user === null) await identity.addUser({ ...account, name: names[account.role] })
    else if (!(await verifyPassword(user.passwordHash, account.password))) {
      await identity.resetPassword(user.id, account.password)
    }
  }
  return accounts
}

async function readAccounts(file: string): Promise<DemoAccount[] | undefined> {
  try {
    const parsed = z.array(demoAccount).safeParse(JSON.parse(await readFile(file, 'utf8')))
    return parsed.success && parsed.data.length === roles.length ? parsed.data : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Written whole or not at all, and before the accounts: a start that is cut short is put right by the next. */
async function writeAccounts(file: string): Promise<DemoAccount[]> {
  const accounts = roles.map(role => ({
    role,
    email: `${role.toLowerCase()}@lyceum.local`,
    password: randomBytes(15).toString('base64url'),
  }))
  await mkdir(join(file, '..'), { recursive: true })
  await writeFile(`${file}.new`, `${JSON.stringify(accounts, null, 2)}\n`, { mode: 0o600 })
  await rename(`${file}.new`, file)
  return accounts
}
