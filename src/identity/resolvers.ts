import type { FastifyReply } from 'fastify'
import type { Resolvers } from '../generated/graphql.js'
import { forbidden } from '../platform/errors.js'
import { toConnection } from '../platform/pagination.js'
import { parseInput } from '../platform/parse.js'
import type { BrowserSession } from './browser-session.js'
import type { GraphqlContext } from './contract.js'
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

export function identityResolvers(identity: IdentityService, sessions: BrowserSession) {
  return {
    Query: {
      me: (_root, _args, { actor }) => (actor.kind === 'anonymous' ? null : identity.me(actor)),
      tokens: (_root, _args, { actor }) => identity.listTokens(actor),
      async users(_root, args, { actor }) {
        const { totalCount, ...page } = await identity.listUsers(
          actor,
          parseInput(userListInput, withoutNulls(args)),
        )
        return toConnection(page, user => user.id, totalCount)
      },
    },
    Mutation: {
      signIn(_root, { input }, context) {
        const reply = requireReply(context)
        return sessions.signIn(reply.request, reply, parseInput(signInInput, withoutNulls(input), 'input'))
      },
      async signOut(_root, _args, context) {
        await sessions.signOut(context.actor, requireReply(context))
        return true
      },
      signOutEverywhere: (_root, _args, context) =>
        sessions.signOutEverywhere(context.actor, requireReply(context)),
      async changePassword(_root, { input }, context) {
        const reply = requireReply(context)
        await sessions.changePassword(
          reply.request,
          reply,
          parseInput(changePasswordInput, withoutNulls(input), 'input'),
        )
        return true
      },
      createToken: (_root, { input }, { actor }) =>
        identity.createToken(actor, parseInput(createTokenInput, withoutNulls(input), 'input')),
      async revokeToken(_root, args, { actor }) {
        await identity.revokeToken(actor, parseInput(id, args.id, 'id'))
        return true
      },
      createUser: (_root, { input }, { actor }) =>
        identity.createUser(actor, parseInput(createUserInput, withoutNulls(input), 'input')),
      setUserRole: (_root, args, { actor }) =>
        identity.updateUser(
          actor,
          parseInput(id, args.id, 'id'),
          parseInput(updateUserInput, { role: args.role }),
        ),
      setUserDisabled: (_root, args, { actor }) =>
        identity.updateUser(
          actor,
          parseInput(id, args.id, 'id'),
          parseInput(updateUserInput, { disabled: args.disabled }),
        ),
    },
    User: {
      disabled: user => user.disabledAt !== null,
    },
  } satisfies Resolvers
}

/** A password is given over HTTP alone, where its attempts are counted. */
function requireReply({ reply }: GraphqlContext): FastifyReply {
  if (reply === undefined) throw forbidden('sign in, sign out or change a password over a WebSocket')
  return reply
}

/** GraphQL lets a client send null for what it leaves out. */
function withoutNulls(input: unknown): unknown {
  if (typeof input !== 'object' || input === null) return input
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null))
}
