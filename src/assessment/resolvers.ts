import type { Actor } from '../identity/contract.js'
import { batchPerRequest } from '../platform/graphql/batch-loader.js'
import { type PageInput, pageInput, toConnection } from '../platform/pagination.js'
import { parseInput } from '../platform/parse.js'
import type { AttemptList, AttemptService } from './attempt-service.js'
import { type AttemptResult, attemptParams, quizFilter, quizParams, submitQuizInput } from './schemas.js'

interface Context {
  readonly actor: Actor
}

interface PageArgs {
  readonly first?: number | null
  readonly after?: string | null
}

interface QuizPage {
  readonly quizId: string
  readonly page: PageInput
}

export function assessmentResolvers(service: AttemptService) {
  // One statement for all quizzes that a query shows.
  const standing = batchPerRequest(({ actor }: Context, quizIds) => service.findStandings(actor, quizIds))
  const mine = batchPerRequest(
    async ({ actor }: Context, asked: readonly QuizPage[]) => {
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
      attempt: (_: unknown, args: unknown, { actor }: Context) =>
        service.findAttempt(actor, parseInput(attemptParams, args).id),
      myAttempts: async (_: unknown, args: PageArgs & { quizId?: string | null }, { actor }: Context) =>
        connect(
          await service.listMine(actor, parseInput(quizFilter, { quizId: args.quizId }), pageFrom(args)),
        ),
      quizAttempts: async (_: unknown, args: PageArgs & { quizId: string }, { actor }: Context) =>
        connect(
          await service.listOfQuiz(actor, parseInput(quizParams, { id: args.quizId }).id, pageFrom(args)),
        ),
    },
    QuizAttempt: {
      quiz: (attempt: AttemptResult) => service.showQuiz(attempt),
    },
    Quiz: {
      async myAttempts({ id: quizId }: { id: string }, args: PageArgs, context: Context) {
        if (context.actor.kind === 'anonymous') return null
        const list = await mine(context, { quizId, page: pageFrom(args) })
        return list ? connect(list) : null
      },
      attemptsLeft: async ({ id }: { id: string }, _: unknown, context: Context) =>
        (await standing(context, id)).attemptsLeft,
      bestScore: async ({ id }: { id: string }, _: unknown, context: Context) =>
        (await standing(context, id)).bestScore,
    },
    Mutation: {
      submitQuiz: (_: unknown, { input }: { input: unknown }, { actor }: Context) =>
        service.submitQuiz(actor, parseInput(submitQuizInput, input, 'input')),
    },
  }
}

function pageFrom({ first, after }: PageArgs) {
  return parseInput(pageInput, { first: first ?? undefined, after })
}

async function connect({ page, count }: AttemptList) {
  return toConnection(page, attempt => attempt.id, await count())
}
