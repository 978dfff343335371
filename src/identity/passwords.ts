import { hash, verify } from '@node-rs/argon2'

/**
 * argon2id, the library's default algorithm, at the cost that the OWASP Password Storage Cheat Sheet gives as
 * its first choice for 19 MiB: m in KiB, t passes, p lanes.
 */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

/** The password as an argon2id string in PHC format. */
export function hashPassword(password: string): Promise<string> {
  return hash(canonical(password), cost)
}

let decoy: Promise<string> | undefined

/**
 * Whether the password is the one that was hashed. Without a hash (there is no such user) it does the same
 * work and says no: the time of an answer does not tell which addresses have an account.
 */
export async function verifyPassword(passwordHash: string | undefined, password: string): Promise<boolean> {
  decoy ??= hashPassword('nobody has this password')
  const right = await verify(passwordHash ?? (await decoy), canonical(password))
  return right && passwordHash !== undefined
}

/** Keyboards write the same character in several ways; NIST SP 800-63B (3.1.1.2) has them made one first. */
const canonical = (password: string) => password.normalize('NFKC')
