import { quizView } from '../catalog/contract.js'
import type { RestInstance } from '../platform/http.js'
import { forUsers } from '../platform/openapi-route.js'
import { pageInput } from '../platform/pagination.js'
import { parseInput } from '../platform/parse.js'
import type { AttemptService } from './attempt-service.js'
import { idempotencyKeyMissing, idempotencyKeysDiffer } from './errors.js'
import {
  attemptBody,
  attemptPage,
  attemptParams,
  attemptResult,
  idempotencyKey,
  quizFilter,
  quizParams,
} from './schemas.js'

const tags = ['Quizzes']

export function attemptRoutes(app: RestInstance, service: AttemptService) {
  app.post(
    '/quizzes/:id/attempts',
    {
      schema: {
        summary: 'Submit a quiz',
        operationId: 'submitQuiz',
        security: forUsers,
        description:
          'Give an Idempotency-Key header: the same key again answers with the attempt that it made.',
        tags,
        params: quizParams,
        body: attemptBody,
        response: { 201: attemptResult },
      },
    },
    async (request, reply) => {
      const { idempotencyKey: bodyKey, ...submission } = request.body
      const key = chooseKey(request.headers['idempotency-key'], bodyKey)
      const input = { quizId: request.params.id, ...submission, idempotencyKey: key }
      return reply.code(201).send(await service.submitQuiz(request.actor, input))
    },
  )

  app.get(
    '/quizzes/:id/attempts',
    {
      schema: {
        summary: 'All attempts at a quiz of a course that one teaches',
        operationId: 'listQuizAttempts',
        security: forUsers,
        tags,
        params: quizParams,
        querystring: pageInput,
        response: { 200: attemptPage },
      },
    },
    async (request, reply) => {
      const { page } = await service.listOfQuiz(request.actor, request.params.id, request.query)
      return reply.send({ ...page, items: [...page.items] })
    },
  )

  app.get(
    '/attempts/:id',
    {
      schema: {
        summary: 'One attempt: one’s own, or of a course that one teaches',
        operationId: 'getAttempt',
        security: forUsers,
        tags,
        params: attemptParams,
        response: { 200: attemptResult },
      },
    },
    async request => service.getAttempt(request.actor, request.params.id),
  )

  app.get(
    '/attempts/:id/quiz',
    {
      schema: {
        summary: 'The quiz of an attempt, as it was answered',
        operationId: 'getAttemptQuiz',
        security: forUsers,
        tags,
        params: attemptParams,
        response: { 200: quizView },
      },
    },
    async request => service.showQuiz(await service.getAttempt(request.actor, request.params.id)),
  )

  app.get(
    '/me/attempts',
    {
      schema: {
        summary: 'One’s own attempts, the newest first',
        operationId: 'listMyAttempts',
        security: forUsers,
        tags,
        querystring: pageInput.extend(quizFilter.shape),
        response: { 200: attemptPage },
      },
    },
    async (request, reply) => {
      const { quizId, ...page } = request.query
      const found = await service.listMine(request.actor, { quizId }, page)
      return reply.send({ ...found.page, items: [...found.page.items] })
    },
  )
}

function chooseKey(header: string | string[] | undefined, body: string | undefined): string {
  const fromHeader = header === undefined ? undefined : parseInput(idempotencyKey, header, 'Idempotency-Key')
  if (fromHeader !== undefined && body !== undefined && fromHeader !== body) throw idempotencyKeysDiffer()
  const key = fromHeader ?? body
  if (key === undefined) throw idempotencyKeyMissing()
  return key
}
