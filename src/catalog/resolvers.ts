import type { Resolvers } from '../generated/graphql.js'
import { parsePage, toConnection } from '../platform/pagination.js'
import { parseInput } from '../platform/parse.js'
import type { CatalogService } from './catalog-service.js'
import type { IndexedLesson } from './course-index.js'
import type { LessonContent } from './lesson-content.js'
import { setCourseStateInput } from './schemas.js'

/** Parents are the plain objects of the catalog's memory; only what a lesson says may have to be loaded. */
export function catalogResolvers(catalog: CatalogService) {
  function contentField<Field extends keyof LessonContent>(field: Field) {
    return (lesson: IndexedLesson) => {
      const loaded = catalog.contentOf(lesson)
      // Without a promise where it is in memory: a promise a field would cost more than the field.
      return loaded instanceof Promise ? loaded.then(({ content }) => content[field]) : loaded.content[field]
    }
  }

  return {
    Query: {
      async courses(_root, args, { actor }) {
        const { page, totalCount } = await catalog.listCourses(actor, parsePage(args))
        return toConnection(page, course => course.id, totalCount)
      },
      course: (_root, args, { actor }) => catalog.courseBySlug(actor, args.slug),
      lesson: (_root, args, { actor }) => catalog.lessonBySlug(actor, args.course, args.slug),
    },
    Mutation: {
      setCourseState(_root, args, { actor }) {
        const { course, state } = parseInput(setCourseStateInput, args)
        return catalog.setCourseState(actor, course, state)
      },
    },
    Course: { revision: course => course.revisionId },
    Lesson: {
      revision: lesson => lesson.revisionId,
      overview: contentField('overview'),
      whyItMatters: contentField('whyItMatters'),
      text: contentField('text'),
      keyPoints: contentField('keyPoints'),
      keyConcepts: contentField('keyConcepts'),
      codeExamples: contentField('codeExamples'),
      fromTheBooks: contentField('fromTheBooks'),
      labs: contentField('labs'),
      figures: contentField('figures'),
      async quiz(lesson) {
        const { quiz } = (await catalog.contentOf(lesson)).content
        const { revisionId: lessonRevisionId, course } = lesson
        return quiz && { ...quiz, lessonRevisionId, courseOwnerId: course.ownerId }
      },
      previous: ({ course, position }) => course.lessons[position - 1],
      next: ({ course, position }) => course.lessons[position + 1],
    },
    Quiz: {
      answerKey: (quiz, _args, { actor }) => catalog.answerKeyOf(actor, quiz),
    },
  } satisfies Resolvers
}
