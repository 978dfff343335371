import type { Database } from '../platform/database.js'
import { TokenCache } from './token-cache.js'
import { createTokenService, type TokenService } from './token-service.js'
import { createUserAdministration, type UserAdministration } from './user-administration.js'
import { createUserService, type UserService } from './user-service.js'

export type IdentityService = TokenService & UserService & UserAdministration

/** @param cache what the caller drops revoked tokens from; without one nothing else is to hear of them */
export function createIdentityService(database: Database, cache = new TokenCache()): IdentityService {
  const tokens = createTokenService(database, cache)
  return { ...tokens, ...createUserService(database, tokens), ...createUserAdministration(database, tokens) }
}
