import { z } from 'zod'
import type { RestInstance } from '../platform/http.js'
import { forUsers } from '../platform/openapi-route.js'
import type { BrowserSession } from './browser-session.js'
import {
  newTokenBody,
  sessionBody,
  showSession,
  showSignedIn,
  showToken,
  showUser,
  signedInBody,
  tokenBody,
  userBody,
  userPage,
} from './representations.js'
import {
  changePasswordInput,
  createTokenInput,
  createUserInput,
  id,
  signInInput,
  updateUserInput,
  userListInput,
} from './schemas.js'

const noContent = z.null().describe('Done.')
const idParams = z.object({ id })

/** REST: signing in and out, the account, its tokens; for admins the users. Registered under /api/v1. */
export function identityRoutes(app: RestInstance, sessions: BrowserSession) {
  const { identity } = app

  app.post(
    '/session',
    {
      config: { csrf: 'origin' },
      schema: {
        summary: 'Sign in',
        operationId: 'signIn',
        security: [],
        tags: ['Session'],
        body: signInInput,
        response: { 201: signedInBody },
      },
    },
    async (request, reply) => {
      const signedIn = await sessions.signIn(request, reply, request.body)
      return reply.code(201).header('cache-control', 'no-store').send(showSignedIn(signedIn))
    },
  )
  app.get(
    '/session',
    {
      schema: {
        summary: 'Who is signed in',
        operationId: 'getSession',
        security: forUsers,
        tags: ['Session'],
        response: { 200: sessionBody },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store')
      return showSession(sessions.describe(request))
    },
  )
  app.delete(
    '/session',
    {
      schema: {
        summary: 'Sign out',
        operationId: 'signOut',
        security: forUsers,
        tags: ['Session'],
        response: { 204: noContent },
      },
    },
    async (request, reply) => {
      await sessions.signOut(request.actor, reply)
      return reply.code(204).send(null)
    },
  )
  app.delete(
    '/sessions',
    {
      schema: {
        summary: 'Sign out everywhere',
        operationId: 'signOutEverywhere',
        security: forUsers,
        tags: ['Session'],
        response: { 204: noContent },
      },
    },
    async (request, reply) => {
      await sessions.signOutEverywhere(request.actor, reply)
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/me',
    {
      schema: {
        summary: 'The user who asks',
        operationId: 'getMe',
        security: forUsers,
        tags: ['Account'],
        response: { 200: userBody },
      },
    },
    async request => showUser(await identity.me(request.actor)),
  )
  app.post(
    '/me/password',
    {
      schema: {
        summary: 'Change the password',
        operationId: 'changePassword',
        security: forUsers,
        description: 'Ends every other session and token of the user.',
        tags: ['Account'],
        body: changePasswordInput,
        response: { 204: noContent },
      },
    },
    async (request, reply) => {
      await sessions.changePassword(request, reply, request.body)
      return reply.code(204).send(null)
    },
  )
  app.get(
    '/tokens',
    {
      schema: {
        summary: 'The tokens that are valid',
        operationId: 'listTokens',
        security: forUsers,
        tags: ['Account'],
        response: { 200: z.object({ items: z.array(tokenBody) }) },
      },
    },
    async request => ({ items: (await identity.listTokens(request.actor)).map(showToken) }),
  )
  app.post(
    '/tokens',
    {
      schema: {
        summary: 'Make a token for a script',
        operationId: 'createToken',
        security: forUsers,
        tags: ['Account'],
        body: createTokenInput,
        response: { 201: newTokenBody },
      },
    },
    async (request, reply) => {
      const { secret, token } = await identity.createToken(request.actor, request.body)
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({ secret, token: showToken(token) })
    },
  )
  app.delete(
    '/tokens/:id',
    {
      schema: {
        summary: 'Revoke a token',
        operationId: 'revokeToken',
        security: forUsers,
        tags: ['Account'],
        params: idParams,
        response: { 204: noContent },
      },
    },
    async (request, reply) => {
      await identity.revokeToken(request.actor, request.params.id)
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/users',
    {
      schema: {
        summary: 'All users',
        operationId: 'listUsers',
        security: forUsers,
        tags: ['Users'],
        querystring: userListInput,
        response: { 200: userPage },
      },
    },
    async request => {
      const page = await identity.listUsers(request.actor, request.query)
      return { ...page, items: page.items.map(showUser) }
    },
  )
  app.post(
    '/users',
    {
      schema: {
        summary: 'Make a user',
        operationId: 'createUser',
        security: forUsers,
        tags: ['Users'],
        body: createUserInput,
        response: { 201: userBody },
      },
    },
    async (request, reply) =>
      reply.code(201).send(showUser(await identity.createUser(request.actor, request.body))),
  )
  app.patch(
    '/users/:id',
    {
      schema: {
        summary: "Change a user's role, or disable the user",
        operationId: 'updateUser',
        security: forUsers,
        description: 'Ends every session and token of the user.',
        tags: ['Users'],
        params: idParams,
        body: updateUserInput,
        response: { 200: userBody },
      },
    },
    async request => showUser(await identity.updateUser(request.actor, request.params.id, request.body)),
  )
}
