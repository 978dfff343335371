import { z } from 'zod'
import { pageOf } from '../platform/pagination.js'
import { unavailableReason } from '../training/contract.js'
import { courseStates, quizView, richText } from './contract.js'
import type { IndexedCourse, IndexedLesson } from './course-index.js'
import type { LessonContent } from './lesson-content.js'

/** What REST sends of courses and lessons. A response is cut to its schema, so that nothing else gets out. */

const course = z.object({
  id: z.string(),
  slug: z.string(),
  title: z.string(),
  summary: richText,
  state: z.enum(courseStates),
  leaderboard: z.boolean().describe('Whether its labs have leaderboards.'),
  revision: z.string(),
})
const lessonLink = z.object({ id: z.string(), slug: z.string(), title: z.string() })

export const coursePage = pageOf(course)
export const courseDetail = course.extend({ lessons: z.array(lessonLink) })
export const lessonDetail = lessonLink.extend({
  revision: z.string(),
  course: lessonLink,
  overview: richText,
  whyItMatters: richText,
  text: richText,
  keyPoints: z.array(richText).readonly(),
  keyConcepts: z.array(z.object({ term: z.string(), definition: richText })).readonly(),
  codeExamples: z.array(z.object({ title: z.string(), language: z.string(), source: z.string() })),
  fromTheBooks: z
    .array(
      z.object({
        note: richText,
        author: z.string(),
        title: z.string(),
        year: z.number(),
        place: z.string(),
      }),
    )
    .readonly(),
  quiz: quizView.nullable(),
  labs: z
    .array(
      z.object({
        id: z.string(),
        title: z.string(),
        description: richText,
        spec: z.unknown(),
        available: z.boolean().describe('Whether a run of the lab can be launched here.'),
        unavailableReason: z.string().nullable().describe('Why not; null where it can.'),
      }),
    )
    .readonly(),
  figures: z.array(z.object({ path: z.string(), url: z.string() })).readonly(),
  previous: lessonLink.nullable(),
  next: lessonLink.nullable(),
})

export function toCourse({
  id,
  slug,
  title,
  summary,
  state,
  leaderboard,
  revisionId,
}: IndexedCourse): z.input<typeof course> {
  return { id, slug, title, summary, state, leaderboard, revision: revisionId }
}

export function toCourseDetail(found: IndexedCourse): z.input<typeof courseDetail> {
  return { ...toCourse(found), lessons: found.lessons.map(toLink) }
}

export function toLesson(lesson: IndexedLesson, content: LessonContent): z.input<typeof lessonDetail> {
  const { course: place, position } = lesson
  const previous = place.lessons[position - 1]
  const next = place.lessons[position + 1]
  return {
    ...toLink(lesson),
    ...content,
    labs: content.labs.map(lab => {
      const reason = unavailableReason(lab.spec)
      return { ...lab, available: reason === null, unavailableReason: reason }
    }),
    revision: lesson.revisionId,
    course: toLink(place),
    previous: previous ? toLink(previous) : null,
    next: next ? toLink(next) : null,
  }
}

function toLink({ id, slug, title }: { id: string; slug: string; title: string }) {
  return { id, slug, title }
}
