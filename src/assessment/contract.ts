/** What assessment asks of other domains, and tells them. */
import type { FoundQuiz, ShownQuiz } from '../catalog/contract.js'
import type { Actor } from '../identity/contract.js'

/** Where quizzes come from: the catalog's service. */
export interface QuizCatalog {
  /** The quiz as the current or the named revision has it; undefined where the actor may not see it. */
  findQuiz(actor: Actor, quizId: string, lessonRevisionId?: string): Promise<FoundQuiz | undefined>
  /** The quiz of an attempt, archived or not: for whoever may see the attempt, which is asked here. */
  findQuizInRevision(lessonRevisionId: string, quizId: string): Promise<FoundQuiz | undefined>
  showQuizInRevision(lessonRevisionId: string, quizId: string): Promise<ShownQuiz | undefined>
}

/** Who takes part in a course: learning's service. */
export interface Enrolments {
  isEnrolled(userId: string, courseId: string): Promise<boolean>
}
