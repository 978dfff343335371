/** What of a course is there to do, in its current revision; archived content is not in it. */
export interface CourseContents {
  readonly lessonIds: readonly string[]
  readonly quizIds: readonly string[]
}

export interface CourseProgress {
  readonly lessonsRead: number
  readonly lessonCount: number
  readonly quizzesPassed: number
  readonly quizCount: number
  /** From 0 to 1: lessons read and quizzes passed, of all lessons and quizzes. 0 for an empty course. */
  readonly share: number
}

/** How far a student has come. What was read or passed and is in the course no more does not count. */
export function courseProgress(
  contents: CourseContents,
  readLessonIds: ReadonlySet<string>,
  passedQuizIds: ReadonlySet<string>,
): CourseProgress {
  const lessonsRead = contents.lessonIds.filter(id => readLessonIds.has(id)).length
  const quizzesPassed = contents.quizIds.filter(id => passedQuizIds.has(id)).length
  const lessonCount = contents.lessonIds.length
  const quizCount = contents.quizIds.length
  const all = lessonCount + quizCount
  const share = all === 0 ? 0 : (lessonsRead + quizzesPassed) / all
  return { lessonsRead, lessonCount, quizzesPassed, quizCount, share }
}
