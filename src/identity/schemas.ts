import { z } from 'zod'
import { pageInput } from '../platform/pagination.js'
import { roles, scopes } from './contract.js'

export const email = z
  .string()
  .trim()
  .toLowerCase()
  .max(254, 'must have at most 254 characters')
  .pipe(z.email('must be an e-mail address'))

export const newPassword = z
  .string()
  .min(12, 'must have at least 12 characters')
  .max(128, 'must have at most 128 characters')

/** A password that is only compared: no policy, but a bound on the work. */
const givenPassword = z.string().min(1, 'must not be empty').max(128, 'must have at most 128 characters')

const name = z.string().trim().min(1, 'must not be empty').max(100, 'must have at most 100 characters')

export const role = z.enum(roles)
export const id = z.uuid('must be a UUID')

export const signInInput = z.strictObject({
  email,
  password: givenPassword,
  /** bearer: the token is in the answer, for scripts; cookie: only in an httpOnly cookie, for browsers. */
  delivery: z.enum(['bearer', 'cookie']).default('bearer'),
})
export type SignInInput = z.output<typeof signInInput>

export const createUserInput = z.strictObject({
  email,
  name,
  password: newPassword,
  role: role.default('STUDENT'),
})
export type CreateUserInput = z.output<typeof createUserInput>

export const changePasswordInput = z
  .strictObject({ currentPassword: givenPassword, newPassword })
  .refine(input => input.currentPassword !== input.newPassword, {
    path: ['newPassword'],
    message: 'must differ from the current one',
  })
export type ChangePasswordInput = z.output<typeof changePasswordInput>

export const createTokenInput = z.strictObject({
  name,
  scopes: z
    .array(z.enum(scopes))
    .min(1, 'must name at least one scope')
    .refine(list => new Set(list).size === list.length, 'must name each scope once'),
  expiresInDays: z.int().min(1).max(365).default(90),
})
export type CreateTokenInput = z.output<typeof createTokenInput>

export const updateUserInput = z
  .strictObject({ role: role.optional(), disabled: z.boolean().optional() })
  .refine(input => input.role !== undefined || input.disabled !== undefined, {
    message: 'give a role, disabled, or both',
  })
export type UpdateUserInput = z.output<typeof updateUserInput>

export const userListInput = pageInput.extend({
  /** A part of the name or the e-mail address. */
  search: z.string().trim().min(1).max(100).nullish(),
})
export type UserListInput = z.output<typeof userListInput>
