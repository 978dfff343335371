import { z } from 'zod'
import type { Database, Transaction } from '../platform/database.js'
import { notFound } from '../platform/errors.js'
import { type Page, readPage } from '../platform/pagination.js'
import { type Actor, roles } from './contract.js'
import { lastAdmin } from './errors.js'
import { requireAdmin } from './policy.js'
import { type UpdateUserInput, type UserListInput, id as userIdSchema } from './schemas.js'
import type { TokenService } from './token-service.js'
import { type User, visible } from './user-service.js'

export type UserAdministration = ReturnType<typeof createUserAdministration>

export function createUserAdministration(database: Database, tokens: TokenService) {
  return {
    /** All users, the oldest first. */
    async listUsers(actor: Actor, input: UserListInput): Promise<Page<User> & { totalCount: number }> {
      requireAdmin(actor)
      const contains = input.search
        ? { contains: escapeLike(input.search), mode: 'insensitive' as const }
        : undefined
      const where = contains === undefined ? {} : { OR: [{ email: contains }, { name: contains }] }
      const [page, totalCount] = await Promise.all([
        readPage(input, {
          key: userIdSchema,
          order: 'asc',
          read: ({ bounds: id, order, take }) =>
            database.user.findMany({
              where: { AND: [where, { id }] },
              orderBy: { id: order },
              take,
              select: visible,
            }),
          keyOf: user => user.id,
        }),
        database.user.count({ where }),
      ])
      return { ...page, totalCount }
    },

    /**
     * Changes a user's role or whether the user may sign in, and ends the user's tokens: what was signed in
     * under the old role has to sign in anew.
     *
     * @throws SCOPE_REQUIRED, NOT_FOUND, LAST_ADMIN
     */
    async updateUser(actor: Actor, userId: string, input: UpdateUserInput): Promise<User> {
      requireAdmin(actor)
      await tokens.revokeAll(userId, transaction => changeUser(transaction, userId, input))
      return database.user.findUniqueOrThrow({ where: { id: userId }, select: visible })
    },
  }
}

const lockedUser = z.object({ id: z.string(), role: z.enum(roles), disabled: z.boolean() })

/** Says whether anything changed. */
async function changeUser(
  transaction: Transaction,
  userId: string,
  input: UpdateUserInput,
): Promise<boolean> {
  // One order of locks for all who change admins: two admins who demote each other at once do not deadlock,
  // and the second finds itself the last.
  const rows = await transaction.$queryRaw`
    SELECT id, role::text, "disabledAt" IS NOT NULL AS disabled FROM users
    WHERE id = ${userId}::uuid OR (role = 'ADMIN' AND "disabledAt" IS NULL)
    ORDER BY id FOR UPDATE`
  const users = z.array(lockedUser).parse(rows)
  const before = users.find(user => user.id === userId)
  if (before === undefined) throw notFound('user')
  const after = { role: input.role ?? before.role, disabled: input.disabled ?? before.disabled }
  const others = users.filter(user => user.id !== userId && isActiveAdmin(user))
  if (isActiveAdmin(before) && !isActiveAdmin(after) && others.length === 0) throw lastAdmin()
  if (after.role === before.role && after.disabled === before.disabled) return false
  await transaction.$executeRaw`
    UPDATE users SET role = ${after.role}::"Role",
      "disabledAt" = CASE WHEN ${after.disabled} THEN coalesce("disabledAt", now()) END
    WHERE id = ${userId}::uuid`
  return true
}

const isActiveAdmin = (user: { role: string; disabled: boolean }) => user.role === 'ADMIN' && !user.disabled

/** Prisma's `contains` hands LIKE's own wildcards through. */
const escapeLike = (text: string) => text.replace(/[\\%_]/g, '\\$&')
