import { brokenUniqueConstraint, type Database } from '../platform/database.js'
import { type Actor, type Role, requireScope } from './contract.js'
import { currentPasswordWrong, emailTaken, signInRefused } from './errors.js'
import { hashPassword, verifyPassword } from './passwords.js'
import { requireAdmin, requireSession } from './policy.js'
import type { ChangePasswordInput, CreateUserInput, SignInInput } from './schemas.js'
import type { TokenService } from './token-service.js'

/** A user without the password's hash. */
export interface User {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly role: Role
  readonly disabledAt: Date | null
  readonly createdAt: Date
}

export const visible = {
  id: true,
  email: true,
  name: true,
  role: true,
  disabledAt: true,
  createdAt: true,
} as const

export type UserService = ReturnType<typeof createUserService>

export function createUserService(database: Database, tokens: TokenService) {
  /** Makes a user on behalf of whoever runs this process; over the API it is `createUser`. */
  async function addUser(input: CreateUserInput): Promise<User> {
    const { password, ...data } = input
    const passwordHash = await hashPassword(password)
    try {
      return await database.user.create({ data: { ...data, passwordHash }, select: visible })
    } catch (error) {
      if (brokenUniqueConstraint(error) !== undefined) throw emailTaken(input.email)
      throw error
    }
  }

  return {
    addUser,

    /** @throws SCOPE_REQUIRED, EMAIL_TAKEN */
    async createUser(actor: Actor, input: CreateUserInput): Promise<User> {
      requireAdmin(actor)
      return addUser(input)
    },

    /** @throws SIGN_IN_REFUSED, for each reason the same and after the same work */
    async signIn(input: Pick<SignInInput, 'email' | 'password'>) {
      const found = await database.user.findUnique({ where: { email: input.email } })
      const right = await verifyPassword(found?.passwordHash, input.password)
      if (found === null || !right || found.disabledAt !== null) throw signInRefused()
      const { passwordHash, ...user } = found
      return { ...(await tokens.issueSession(user.id, passwordHash)), user: user satisfies User }
    },

    /** Gives a user another password on behalf of whoever runs this process, and ends the user's tokens. */
    async resetPassword(userId: string, password: string): Promise<void> {
      const passwordHash = await hashPassword(password)
      await tokens.revokeAll(userId, async transaction => {
        await transaction.user.update({ where: { id: userId }, data: { passwordHash } })
        return true
      })
    },

    async me(actor: Actor): Promise<User> {
      const { userId } = requireScope(actor, 'read')
      return database.user.findUniqueOrThrow({ where: { id: userId }, select: visible })
    },

    /** Changes the actor's password and ends all other tokens. @throws CURRENT_PASSWORD_WRONG */
    async changePassword(actor: Actor, input: ChangePasswordInput): Promise<void> {
      const user = requireSession(actor)
      const { passwordHash: before } = await database.user.findUniqueOrThrow({ where: { id: user.userId } })
      if (!(await verifyPassword(before, input.currentPassword))) throw currentPasswordWrong()
      const passwordHash = await hashPassword(input.newPassword)
      await tokens.revokeAll(
        user.userId,
        async transaction => {
          const { count } = await transaction.user.updateMany({
            where: { id: user.userId, passwordHash: before },
            data: { passwordHash },
          })
          if (count === 0) throw currentPasswordWrong()
          return true
        },
        user.tokenId,
      )
    },
  }
}
