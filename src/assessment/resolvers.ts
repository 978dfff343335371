import type { Resolvers } from '../generated/graphql.js'
import type { GraphqlContext } from '../identity/contract.js'
import { batchPerRequest } from '../platform/graphql/batch-loader.js'
import { type PageInput, parsePage, toConnection } from '../platform/pagination.js'
import { parseInput } from '../platform/parse.js'
import type { AttemptList, AttemptService } from './attempt-service.js'
import { attemptParams, quizFilter, quizParams, submitQuizInput } from './schemas.js'

interface QuizPage {
  readonly quizId: string
  readonly page: PageInput
}

export function assessmentResolvers(service: AttemptService) {
  // One statement for all quizzes that a query shows.
  const standing = batchPerRequest(({ actor }: GraphqlContext, quizIds) =>
    service.findStandings(actor, quizIds),
  )
  const mine = batchPerRequest(
    async ({ actor }: GraphqlContext, asked: readonly QuizPage[]) => {
      // One list for each page that is asked for: nearly always one and the same.
      const pages = new Map(asked.map(({ page }) => [JSON.stringify(page), page]))
      const lists = new Map<string, AttemptList>()
      for (const [key, page] of pages) {
        const quizIds = asked.filter(one => JSON.stringify(one.page) === key).map(({ quizId }) => quizId)
        const found = await service.listMineByQuiz(actor, quizIds, page)
        for (const [index, list] of found.entries()) lists.set(`${quizIds[index]} ${key}`, list)
      }
      return asked.map(({ quizId, page }) => lists.get(`${quizId} ${JSON.stringify(page)}`))
    },
    asked => JSON.stringify(asked),
  )
  return {
    Query: {
      attempt: (_root, args, { actor }) => service.findAttempt(actor, parseInput(attemptParams, args).id),
      myAttempts: async (_root, args, { actor }) =>
        connect(
          await service.listMine(actor, parseInput(quizFilter, { quizId: args.quizId }), parsePage(args)),
        ),
      quizAttempts: async (_root, args, { actor }) =>
        connect(
          await service.listOfQuiz(actor, parseInput(quizParams, { id: args.quizId }).id, parsePage(args)),
        ),
    },
    QuizAttempt: {
      quiz: attempt => service.showQuiz(attempt),
    },
    Quiz: {
      async myAttempts({ id: quizId }, args, context) {
        if (context.actor.kind === 'anonymous') return null
        const list = await mine(context, { quizId, page: parsePage(args) })
        return list ? connect(list) : null
      },
      attemptsLeft: async ({ id }, _args, context) => (await standing(context, id)).attemptsLeft,
      bestScore: async ({ id }, _args, context) => (await standing(context, id)).bestScore,
    },
    Mutation: {
      submitQuiz: (_root, { input }, { actor }) =>
        service.submitQuiz(actor, parseInput(submitQuizInput, input, 'input')),
    },
  } satisfies Resolvers
}

async function connect({ page, count }: AttemptList) {
  return toConnection(page, attempt => attempt.id, await count())
}
