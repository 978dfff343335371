/** What learning asks of other domains. */
import type { FoundCourse } from '../catalog/contract.js'
import type { Actor } from '../identity/contract.js'

/** Where courses come from: the catalog's service. */
export interface CourseCatalog {
  findCourse(actor: Actor, courseId: string): Promise<FoundCourse | undefined>
  findCourseBySlug(actor: Actor, slug: string): Promise<FoundCourse | undefined>
  findLesson(actor: Actor, lessonId: string): Promise<{ readonly courseId: string } | undefined>
}

/** Of the quizzes, those that the student passed. Assessment gives it: learning does not know of grading. */
export type FindPassedQuizzes = (userId: string, quizIds: readonly string[]) => Promise<ReadonlySet<string>>
