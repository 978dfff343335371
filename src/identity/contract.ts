/** What a token may be used for. A session has them all; a script's token only what it was made for. */
export const scopes = ['read', 'learn', 'train', 'author', 'admin'] as const
export type Scope = (typeof scopes)[number]

export type Role = 'STUDENT' | 'INSTRUCTOR' | 'ADMIN'

export interface SignedInActor {
  readonly kind: 'user'
  readonly userId: string
  readonly role: Role
  readonly scopes: readonly Scope[]
  readonly tokenId: string
  readonly tokenExpiresAt: Date
}

/** Who is asking. Every service takes one, and decides by its domain's `policy.ts`. */
export type Actor = { readonly kind: 'anonymous' } | SignedInActor

export const anonymous: Actor = Object.freeze({ kind: 'anonymous' })
