import type { Actor } from '../identity/contract.js'
import { batchPerRequest } from '../platform/graphql/batch-loader.js'
import { parseInput } from '../platform/parse.js'
import type { LearningService } from './learning-service.js'
import { courseArgs, lessonArgs } from './schemas.js'

interface Context {
  readonly actor: Actor
}

export function learningResolvers(service: LearningService) {
  // A fixed number of statements for all courses and lessons that a query shows.
  const enrolled = batchPerRequest(async ({ actor }: Context, courseIds) => {
    const found = await service.findEnrolled(actor, courseIds)
    return courseIds.map(id => found.has(id))
  })
  const progress = batchPerRequest(({ actor }: Context, courseIds) => service.findProgress(actor, courseIds))
  const read = batchPerRequest(async ({ actor }: Context, lessonIds) => {
    const found = await service.findRead(actor, lessonIds)
    return lessonIds.map(id => found.has(id))
  })
  return {
    Query: {
      myCourses: (_: unknown, _args: unknown, { actor }: Context) => service.listMine(actor),
    },
    Course: {
      enrolled: ({ id }: { id: string }, _: unknown, context: Context) => enrolled(context, id),
      progress: ({ id }: { id: string }, _: unknown, context: Context) => progress(context, id),
    },
    Lesson: {
      read: ({ id }: { id: string }, _: unknown, context: Context) => read(context, id),
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
