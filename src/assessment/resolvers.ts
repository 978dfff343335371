import type { Actor } from '../identity/contract.js'
import { batchPerRequest } from '../platform/graphql/batch-loader.js'
import { pageInput, toConnection } from '../platform/pagination.js'
import { parseInput } from '../platform/parse.js'
import type { AttemptService } from './attempt-service.js'
import { attemptParams, quizFilter, quizParams, submitQuizInput } from './schemas.js'

interface Context {
  readonly actor: Actor
}

interface PageArgs {
  readonly first?: number | null
  readonly after?: string | null
}

export function assessmentResolvers(service: AttemptService) {
  // One statement for all quizzes that a query shows.
  const standing = batchPerRequest(({ actor }: Context, quizIds) => service.findStandings(actor, quizIds))
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
    Quiz: {
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

async function connect({ page, count }: Awaited<ReturnType<AttemptService['listMine']>>) {
  return toConnection(page, attempt => attempt.id, await count())
}
