import type { Test } from 'tap'
import { importContent } from '../../src/catalog/import/import-content.js'
import { createCourseFiles, writeLesson } from '../catalog/course-files.js'
import type { TestApp } from '../support/app.js'
import { createUser, type TestUser } from '../support/users.js'

interface QuizSettings {
  readonly maxAttempts?: number
  readonly review?: string
  /** Make the wrong options right and the right ones wrong. */
  readonly flipped?: boolean
}

/** The quizzes of the course: one for each review policy, each in a lesson of the same name. */
const quizzes: Record<string, QuizSettings> = {
  free: {},
  three: { maxAttempts: 3 },
  'after-correct': { maxAttempts: 2, review: 'after_correct' },
  'after-last': { maxAttempts: 2, review: 'after_last_attempt' },
  never: { maxAttempts: 1, review: 'never' },
  edited: {},
}

export const courseSlug = 'quizzes'

/** A published course, imported from files, whose every quiz has two questions. */
export async function openCourse(t: Test, { app, deps }: TestApp, owner: TestUser) {
  const files = createCourseFiles(t)
  const folders = Object.keys(quizzes)
  for (const quiz of folders) {
    writeLesson(files, `${courseSlug}/${quiz}`, `lesson-${quiz}`, 1)
    writeQuiz(quiz, quizzes[quiz])
  }
  const list = (lessons: readonly string[]) =>
    files.write(
      `${courseSlug}/course.yaml`,
      `id: ${courseSlug}\nslug: ${courseSlug}\ntitle: Quizzes\nsummary: Ask.\nlessons: [${lessons.join(', ')}]\n`,
    )
  list(folders)
  await importAgain()

  return { revisionOf, revise, archive, enrolled }

  function writeQuiz(quiz: string, { maxAttempts, review, flipped = false }: QuizSettings = {}) {
    const lines = [
      `id: ${quiz}`,
      `title: ${quiz}`,
      ...(maxAttempts === undefined ? [] : [`max_attempts: ${maxAttempts}`]),
      ...(review === undefined ? [] : [`review: ${review}`]),
      'questions:',
      ...['q1', 'q2'].flatMap(question => [
        `  - id: ${quiz}-${question}`,
        `    prompt: ${question}?`,
        '    options:',
        ...['right', 'wrong'].flatMap(option => [
          `      - id: ${quiz}-${question}-${option}`,
          `        text: ${option}`,
          ...((option === 'right') === flipped ? [] : ['        correct: true']),
        ]),
        `    explanation: because of ${quiz} ${question}`,
      ]),
    ]
    files.write(`${courseSlug}/${quiz}/quiz.yaml`, `${lines.join('\n')}\n`)
  }

  async function importAgain() {
    await importContent(deps.database, files.root, { publish: true, ownerEmail: owner.email })
  }

  /** The revision of a quiz's lesson, as a student reads it. */
  async function revisionOf(quiz: string): Promise<string> {
    return (await app.inject(`/api/v1/courses/${courseSlug}/lessons/lesson-${quiz}`)).json().revision
  }

  /** Edits a quiz's file and imports it. Gives the revision that everybody then reads. */
  async function revise(quiz: string, settings: QuizSettings): Promise<string> {
    const before = await revisionOf(quiz)
    writeQuiz(quiz, settings)
    await importAgain()
    for (;;) {
      const revision = await revisionOf(quiz)
      if (revision !== before) return revision
    }
  }

  /** Takes the lesson of a quiz out of the course. */
  async function archive(quiz: string) {
    list(folders.filter(folder => folder !== quiz))
    await importAgain()
    while ((await app.inject(`/api/v1/courses/${courseSlug}/lessons/lesson-${quiz}`)).statusCode !== 404) {}
  }

  /** A student of the course. */
  async function enrolled(): Promise<TestUser> {
    const user = await createUser({ app })
    const url = `/api/v1/courses/${courseSlug}/enrolment`
    const { statusCode } = await app.inject({ method: 'POST', url, headers: user.headers })
    if (statusCode !== 204) throw new Error(`The enrolment was answered with ${statusCode}`)
    return user
  }
}

export function answersTo(quiz: string, q1: 'right' | 'wrong', q2: 'right' | 'wrong') {
  return [
    { questionId: `${quiz}-q1`, optionId: `${quiz}-q1-${q1}` },
    { questionId: `${quiz}-q2`, optionId: `${quiz}-q2-${q2}` },
  ]
}
