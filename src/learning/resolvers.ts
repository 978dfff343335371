import type { Actor } from '../identity/contract.js'
import { parseInput } from '../platform/parse.js'
import type { LearningService } from './learning-service.js'
import { courseArgs, lessonArgs } from './schemas.js'

interface Context {
  readonly actor: Actor
}

export function learningResolvers(service: LearningService) {
  return {
    Query: {
      myCourses: (_: unknown, _args: unknown, { actor }: Context) => service.listMine(actor),
    },
    Mutation: {
      enrol: async (_: unknown, args: unknown, { actor }: Context) => {
        await service.enrol(actor, parseInput(courseArgs, args).courseId)
        return true
      },
      leaveCourse: (_: unknown, args: unknown, { actor }: Context) =>
        service.leave(actor, parseInput(courseArgs, args).courseId),
      markLessonRead: async (_: unknown, args: unknown, { actor }: Context) => {
        await service.markLessonRead(actor, parseInput(lessonArgs, args).lessonId)
        return true
      },
    },
  }
}

/** Batched by mercurius: one call for all courses or lessons that a query shows. */
export function learningLoaders(service: LearningService) {
  type Queries = ReadonlyArray<{ obj: { id: string } }>
  const idsOf = (queries: Queries) => queries.map(({ obj }) => obj.id)
  return {
    Course: {
      enrolled: async (queries: Queries, { actor }: Context) => {
        const enrolled = await service.findEnrolled(actor, idsOf(queries))
        return queries.map(({ obj }) => enrolled.has(obj.id))
      },
      progress: async (queries: Queries, { actor }: Context) =>
        (await service.findProgress(actor, idsOf(queries))).map(progress => progress ?? null),
    },
    Lesson: {
      read: async (queries: Queries, { actor }: Context) => {
        const read = await service.findRead(actor, idsOf(queries))
        return queries.map(({ obj }) => read.has(obj.id))
      },
    },
  }
}
