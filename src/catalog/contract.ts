import { z } from 'zod'

/** What other domains may use of the catalog: the documents of a revision and the service's answers. */

/** When a graded result shows the right options and explanations. */
export const reviewPolicies = ['default', 'after_correct', 'after_last_attempt', 'never'] as const
export type ReviewPolicy = (typeof reviewPolicies)[number]

export interface OptionDocument {
  readonly id: string
  readonly text: string
}

export interface QuestionDocument {
  /** Unique within its quiz. */
  readonly id: string
  readonly prompt: string
  readonly options: readonly OptionDocument[]
  /** Secret: leaves the server only in a graded result, as the review policy allows. */
  readonly correctOptionId: string
  /** Secret, like the right option. */
  readonly explanation: string
}

export interface QuizDocument {
  readonly id: string
  readonly title: string
  /** null: as many as one likes. */
  readonly maxAttempts: number | null
  readonly review: ReviewPolicy
  readonly questions: readonly QuestionDocument[]
}

/** Markdown, and the HTML of it, sanitised. */
export const richText = z.object({ markdown: z.string(), html: z.string() })

/** A quiz as a student sees it: made of named parts, so that an answer cannot slip through. */
export const quizView = z.object({
  id: z.string(),
  title: z.string(),
  maxAttempts: z.number().nullable(),
  questions: z
    .array(
      z.object({
        id: z.string(),
        prompt: richText,
        options: z.array(z.object({ id: z.string(), text: richText })).readonly(),
      }),
    )
    .readonly(),
})
export type QuizView = z.output<typeof quizView>

/** What is shown of a quiz, and whose it is. */
export interface ShownQuiz extends QuizView {
  readonly lessonRevisionId: string
  readonly courseOwnerId: string | null
}

export interface LabDocument {
  readonly id: string
  readonly title: string
  readonly description: string
  /** A training spec that had the right shape when it was imported; its architecture may not exist yet. */
  readonly spec: unknown
}

/** What a course gives each of its students to launch its labs with, by the day. */
export const studentRuns = z.strictObject({
  /** Of all runs together. */
  secondsPerDay: z.number(),
  /** Of those that ask for a GPU, which count among all. */
  gpuSecondsPerDay: z.number(),
})
export type StudentRuns = z.output<typeof studentRuns>

/** Where a part of a lesson belongs: what an attempt or a run keeps. */
export interface LessonPlace {
  readonly lessonId: string
  readonly lessonRevisionId: string
  readonly courseId: string
  readonly courseOwnerId: string | null
}

export interface FoundQuiz extends LessonPlace {
  readonly quiz: QuizDocument
}

export interface FoundLab extends LessonPlace {
  readonly lab: LabDocument
  /** Whether its course shows leaderboards. */
  readonly leaderboard: boolean
  /** null where the course lets no student launch it. */
  readonly studentRuns: StudentRuns | null
}

export const courseStates = ['DRAFT', 'PUBLISHED', 'ARCHIVED'] as const
export type CourseState = (typeof courseStates)[number]

export interface FoundCourse {
  readonly courseId: string
  readonly ownerId: string | null
  readonly state: CourseState
  /** The lessons of the current revision, in their order. */
  readonly lessonIds: readonly string[]
  readonly quizIds: readonly string[]
}

/** A lesson of a course's current revision. */
export type FoundLesson = LessonPlace
