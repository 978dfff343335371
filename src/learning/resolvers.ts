import type { Resolvers } from '../generated/graphql.js'
import type { GraphqlContext } from '../identity/contract.js'
import { batchPerRequest } from '../platform/graphql/batch-loader.js'
import { parseInput } from '../platform/parse.js'
import type { LearningService } from './learning-service.js'
import { courseArgs, lessonArgs } from './schemas.js'

export function learningResolvers(service: LearningService) {
  // A fixed number of statements for all courses and lessons that a query shows.
  const enrolled = batchPerRequest(async ({ actor }: GraphqlContext, courseIds) => {
    const found = await service.findEnrolled(actor, courseIds)
    return courseIds.map(id => found.has(id))
  })
  const progress = batchPerRequest(({ actor }: GraphqlContext, courseIds) =>
    service.findProgress(actor, courseIds),
  )
  const read = batchPerRequest(async ({ actor }: GraphqlContext, lessonIds) => {
    const found = await service.findRead(actor, lessonIds)
    return lessonIds.map(id => found.has(id))
  })
  return {
    Query: {
      myCourses: (_root, _args, { actor }) => service.listMine(actor),
    },
    Course: {
      enrolled: ({ id }, _args, context) => enrolled(context, id),
      progress: ({ id }, _args, context) => progress(context, id),
    },
    Lesson: {
      read: ({ id }, _args, context) => read(context, id),
    },
    Mutation: {
      enrol: async (_root, args, { actor }) => {
        await service.enrol(actor, parseInput(courseArgs, args).courseId)
        return true
      },
      leaveCourse: (_root, args, { actor }) => service.leave(actor, parseInput(courseArgs, args).courseId),
      markLessonRead: async (_root, args, { actor }) => {
        await service.markLessonRead(actor, parseInput(lessonArgs, args).lessonId)
        return true
      },
    },
  } satisfies Resolvers
}
