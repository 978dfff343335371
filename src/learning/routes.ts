import { z } from 'zod'
import { notFound } from '../platform/errors.js'
import type { RestInstance } from '../platform/http.js'
import { forUsers } from '../platform/openapi-route.js'
import type { CourseCatalog } from './contract.js'
import type { LearningService } from './learning-service.js'
import { courseParams, lessonParams, progressList } from './schemas.js'

const tags = ['Learning']
const nothing = z.null().describe('Done.')

interface Options {
  readonly service: LearningService
  readonly catalog: Pick<CourseCatalog, 'findCourseBySlug'>
}

export function learningRoutes(app: RestInstance, { service, catalog }: Options) {
  app.post(
    '/courses/:slug/enrolment',
    {
      schema: {
        summary: 'Enrol in a course',
        operationId: 'enrol',
        security: forUsers,
        tags,
        params: courseParams,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      const course = await catalog.findCourseBySlug(request.actor, request.params.slug)
      if (course === undefined) throw notFound('course')
      await service.enrol(request.actor, course.courseId)
      return reply.code(204).send(null)
    },
  )

  app.delete(
    '/courses/:slug/enrolment',
    {
      schema: {
        summary: 'Leave a course',
        operationId: 'leaveCourse',
        security: forUsers,
        tags,
        params: courseParams,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      const course = await catalog.findCourseBySlug(request.actor, request.params.slug)
      if (course === undefined) throw notFound('course')
      await service.leave(request.actor, course.courseId)
      return reply.code(204).send(null)
    },
  )

  app.put(
    '/lessons/:id/read',
    {
      schema: {
        summary: 'Mark a lesson as read',
        operationId: 'markLessonRead',
        security: forUsers,
        tags,
        params: lessonParams,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      await service.markLessonRead(request.actor, request.params.id)
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/me/progress',
    {
      schema: {
        summary: 'One’s own courses and progress',
        operationId: 'listMyCourses',
        security: forUsers,
        tags,
        response: { 200: progressList },
      },
    },
    async request => ({ items: await service.listMine(request.actor) }),
  )
}
