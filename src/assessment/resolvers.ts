import type { Actor } from '../identity/contract.js'
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
    Mutation: {
      submitQuiz: (_: unknown, { input }: { input: unknown }, { actor }: Context) =>
        service.submitQuiz(actor, parseInput(submitQuizInput, input, 'input')),
    },
  }
}

/** Batched by mercurius: one call for all quizzes that a query shows. */
export function assessmentLoaders(service: AttemptService) {
  type Queries = ReadonlyArray<{ obj: { id: string } }>
  const standings = (queries: Queries, { actor }: Context) =>
    service.findStandings(
      actor,
      queries.map(({ obj }) => obj.id),
    )
  return {
    Quiz: {
      attemptsLeft: async (queries: Queries, context: Context) =>
        (await standings(queries, context)).map(standing => standing.attemptsLeft),
      bestScore: async (queries: Queries, context: Context) =>
        (await standings(queries, context)).map(standing => standing.bestScore),
    },
  }
}

function pageFrom({ first, after }: PageArgs) {
  return parseInput(pageInput, { first: first ?? undefined, after })
}

async function connect({ page, count }: Awaited<ReturnType<AttemptService['listMine']>>) {
  return toConnection(page, attempt => attempt.id, await count())
}
