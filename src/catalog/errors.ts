import { defineError } from '../platform/errors.js'

/** One fault in the files of a course. */
export interface ContentProblem {
  /** Relative to the imported folder. */
  readonly file: string
  readonly line: number
  readonly reason: string
}

/** The whole import is over when this is thrown: the courses that it names are as they were before. */
export const contentRefused = defineError(
  'CONTENT_REFUSED',
  422,
  (problems: readonly ContentProblem[], more: number) => ({
    message: [
      'These courses were not imported; correct the files and import again:',
      ...problems.map(({ file, line, reason }) => `  ${file}:${line}: ${reason}`),
      ...(more > 0 ? [`  and ${more} more`] : []),
    ].join('\n'),
    details: { problems, more },
  }),
)
export const courseWithoutFiles = defineError(
  'COURSE_WITHOUT_FILES',
  409,
  (course: string) =>
    `The files of the course ${course} are gone, so it is archived: import them again, then change its state.`,
)
export const unknownOwner = defineError(
  'UNKNOWN_OWNER',
  422,
  (email: string) => `There is no instructor or admin with the address ${email}: create the user first.`,
)
export const noContentFolder = defineError(
  'NO_CONTENT_FOLDER',
  422,
  (directory: string) =>
    `There is no course in ${directory}: it must hold a course.yaml, or folders that hold one.`,
)
