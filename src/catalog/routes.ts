import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { isHeld } from '../platform/entity-tag.js'
import { notFound } from '../platform/errors.js'
import type { RestInstance } from '../platform/http.js'
import { forAnyone, forUsers } from '../platform/openapi-route.js'
import { pageInput } from '../platform/pagination.js'
import { architectures, datasets } from '../training/contract.js'
import type { CatalogService } from './catalog-service.js'
import { courseStates } from './contract.js'
import type { IndexedCourse, IndexedLesson } from './course-index.js'
import { hashOf } from './import/hash.js'
import {
  courseDetail,
  coursePage,
  lessonDetail,
  toCourse,
  toCourseDetail,
  toLesson,
} from './representations.js'
import { slug } from './schemas.js'

/** `/api/v1/courses` and below. */
export function registerCatalogRoutes(routes: RestInstance, catalog: CatalogService) {
  const tags = ['Courses']

  routes.get(
    '/courses',
    {
      schema: {
        summary: 'List the courses',
        operationId: 'listCourses',
        security: forAnyone,
        tags,
        querystring: pageInput,
        response: { 200: coursePage },
      },
    },
    async request => {
      const { page } = await catalog.listCourses(request.actor, request.query)
      return { items: page.items.map(toCourse), pageInfo: page.pageInfo }
    },
  )

  routes.get(
    '/courses/:slug',
    {
      schema: {
        summary: 'Read a course and the outline of its lessons',
        operationId: 'getCourse',
        security: forAnyone,
        tags,
        params: z.object({ slug }),
        response: { 200: courseDetail, 304: z.null() },
      },
    },
    async (request, reply) => {
      const course = await catalog.courseBySlug(request.actor, request.params.slug)
      if (!course) throw notFound('course')
      if (isFresh(request, reply, course, courseTag(course))) return reply.code(304).send(null)
      return toCourseDetail(course)
    },
  )

  routes.patch(
    '/courses/:slug',
    {
      schema: {
        summary: 'Publish, withdraw or archive a course',
        operationId: 'setCourseState',
        description: "For the owner of the course and for admins, with the scope 'author'.",
        tags,
        security: forUsers,
        params: z.object({ slug }),
        body: z.strictObject({ state: z.enum(courseStates) }),
        response: { 200: courseDetail },
      },
    },
    async request => {
      const course = await catalog.courseBySlug(request.actor, request.params.slug)
      return toCourseDetail(await catalog.setCourseState(request.actor, course?.id ?? '', request.body.state))
    },
  )

  routes.get(
    '/courses/:slug/lessons/:lesson',
    {
      schema: {
        summary: 'Read a lesson with all its parts',
        operationId: 'getLesson',
        security: forAnyone,
        description: 'Without the right answers of its quiz: they come with a graded attempt.',
        tags,
        params: z.object({ slug, lesson: slug }),
        response: { 200: lessonDetail, 304: z.null() },
      },
    },
    async (request, reply) => {
      const { slug: courseSlug, lesson: lessonSlug } = request.params
      const lesson = await catalog.lessonBySlug(request.actor, courseSlug, lessonSlug)
      if (!lesson) throw notFound('lesson')
      if (isFresh(request, reply, lesson.course, lessonTag(lesson))) return reply.code(304).send(null)
      return toLesson(lesson, (await catalog.contentOf(lesson)).content)
    },
  )
}

// Named by revisions and not by a hash of the content, on which somebody could try out the right answers.
/** The state is no part of a revision, and yet of the answer. */
const courseTag = ({ revisionId, state }: IndexedCourse) => `"${revisionId}-${state.toLowerCase()}"`
/** Neighbours are named in the answer, and they are the course's; so is which labs can be launched here. */
const lessonTag = ({ revisionId, course }: IndexedLesson) =>
  `"${revisionId}-${course.revisionId}-${launchable}"`
const launchable = hashOf([architectures, datasets].map(list => list.map(({ id }) => id))).slice(0, 8)

/** Sets the validators. True where the client holds this very answer. */
function isFresh(request: FastifyRequest, reply: FastifyReply, course: IndexedCourse, tag: string): boolean {
  reply.header('etag', tag)
  reply.header('cache-control', course.state === 'PUBLISHED' ? 'no-cache' : 'private, no-store')
  return isHeld(request, tag)
}
