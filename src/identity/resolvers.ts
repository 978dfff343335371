import type { FastifyReply } from 'fastify'
import { forbidden } from '../platform/errors.js'
import { toConnection } from '../platform/pagination.js'
import { parseInput } from '../platform/parse.js'
import type { BrowserSession } from './browser-session.js'
import type { Actor } from './contract.js'
import type { IdentityService } from './identity-service.js'
import {
  changePasswordInput,
  createTokenInput,
  createUserInput,
  id,
  signInInput,
  updateUserInput,
  userListInput,
} from './schemas.js'
import type { User } from './user-service.js'

interface Context {
  readonly actor: Actor
  /** Not there on a WebSocket, which can set no cookie. */
  readonly reply?: FastifyReply
}
type Arguments = Readonly<Record<string, unknown>>

export function identityResolvers(identity: IdentityService, sessions: BrowserSession) {
  return {
    Query: {
      me: (_root: unknown, _args: Arguments, { actor }: Context) =>
        actor.kind === 'anonymous' ? null : identity.me(actor),
      tokens: (_root: unknown, _args: Arguments, { actor }: Context) => identity.listTokens(actor),
      async users(_root: unknown, args: Arguments, { actor }: Context) {
        const { totalCount, ...page } = await identity.listUsers(
          actor,
          parseInput(userListInput, withoutNulls(args)),
        )
        return toConnection(page, user => user.id, totalCount)
      },
    },
    Mutation: {
      signIn(_root: unknown, { input }: Arguments, context: Context) {
        const reply = requireReply(context)
        return sessions.signIn(reply.request, reply, parseInput(signInInput, withoutNulls(input), 'input'))
      },
      async signOut(_root: unknown, _args: Arguments, context: Context) {
        await sessions.signOut(context.actor, requireReply(context))
        return true
      },
      signOutEverywhere: (_root: unknown, _args: Arguments, context: Context) =>
        sessions.signOutEverywhere(context.actor, requireReply(context)),
      async changePassword(_root: unknown, { input }: Arguments, context: Context) {
        const reply = requireReply(context)
        await sessions.changePassword(
          reply.request,
          reply,
          parseInput(changePasswordInput, withoutNulls(input), 'input'),
        )
        return true
      },
      createToken: (_root: unknown, { input }: Arguments, { actor }: Context) =>
        identity.createToken(actor, parseInput(createTokenInput, withoutNulls(input), 'input')),
      async revokeToken(_root: unknown, args: Arguments, { actor }: Context) {
        await identity.revokeToken(actor, parseInput(id, args.id, 'id'))
        return true
      },
      createUser: (_root: unknown, { input }: Arguments, { actor }: Context) =>
        identity.createUser(actor, parseInput(createUserInput, withoutNulls(input), 'input')),
      setUserRole: (_root: unknown, args: Arguments, { actor }: Context) =>
        identity.updateUser(
          actor,
          parseInput(id, args.id, 'id'),
          parseInput(updateUserInput, { role: args.role }),
        ),
      setUserDisabled: (_root: unknown, args: Arguments, { actor }: Context) =>
        identity.updateUser(
          actor,
          parseInput(id, args.id, 'id'),
          parseInput(updateUserInput, { disabled: args.disabled }),
        ),
    },
    User: {
      disabled: (user: User) => user.disabledAt !== null,
    },
  }
}

/** A password is given over HTTP alone, where its attempts are counted. */
function requireReply({ reply }: Context): FastifyReply {
  if (reply === undefined) throw forbidden('sign in, sign out or change a password over a WebSocket')
  return reply
}

/** GraphQL lets a client send null for what it leaves out. */
function withoutNulls(input: unknown): unknown {
  if (typeof input !== 'object' || input === null) return input
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null))
}
