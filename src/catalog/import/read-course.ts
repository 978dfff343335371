import type { CourseDocument } from '../documents.js'
import { CourseFolder } from './course-folder.js'
import { courseFile } from './file-schemas.js'
import { hashOf } from './hash.js'
import type { Asset } from './lesson-figures.js'
import type { Problems } from './problems.js'
import { type LessonSource, readLesson } from './read-lesson.js'
import { readYaml } from './yaml-file.js'

/** A course as its files say it, checked and ready to be stored. */
export interface CourseSource {
  /** Its course.yaml, and the lines in it of id and slug. */
  readonly file: string
  readonly idLine: number
  readonly slugLine: number
  readonly document: CourseDocument
  readonly lessons: readonly LessonSource[]
  /** Of the document and of all its lessons: equal means that nothing changed. */
  readonly hash: string
  readonly assets: readonly Asset[]
}

/** Reads a course from its folder. undefined where anything is wrong; the problems say what. */
export async function readCourse(
  directory: string,
  label: string,
  problems: Problems,
): Promise<CourseSource | undefined> {
  const folder = await CourseFolder.open(directory, label, problems)
  const course = await readYaml(folder, 'course.yaml', courseFile)
  if (!course) return undefined
  const lessons: LessonSource[] = []
  for (const [index, name] of course.value.lessons.entries()) {
    const mention = { file: course.file, line: course.lineOf(['lessons', index]) }
    if (course.value.lessons.indexOf(name) !== index) {
      problems.add(mention.file, mention.line, `the lesson ${name} is listed twice`)
      continue
    }
    const lesson = await readLesson(folder, name, mention)
    if (lesson) lessons.push(lesson)
  }
  refuseDoubles({ id: course.value.id, file: course.file }, lessons, problems)
  if (!problems.none) return undefined

  const { id, slug, title, summary, leaderboard, student_runs: given } = course.value
  const studentRuns = given && {
    secondsPerDay: given.seconds_per_day,
    gpuSecondsPerDay: given.gpu_seconds_per_day,
  }
  const document: CourseDocument = {
    ...{ id, slug, title, summary },
    ...(leaderboard ? { leaderboard } : {}),
    ...(studentRuns ? { studentRuns } : {}),
    lessons: lessons.map(outline),
  }
  return {
    file: course.file,
    idLine: course.lineOf(['id']),
    slugLine: course.lineOf(['slug']),
    document,
    lessons,
    hash: hashOf([document, lessons.map(lesson => lesson.hash)]),
    assets: lessons.flatMap(lesson => lesson.assets),
  }
}

function outline({
  document: { id, slug, title, quiz, labs },
}: LessonSource): CourseDocument['lessons'][number] {
  return { id, slug, title, quizId: quiz?.id ?? null, labIds: labs.map(lab => lab.id) }
}

/** Ids are compared across lessons, quizzes and labs too: one id never means two things. */
function refuseDoubles(
  course: { readonly id: string; readonly file: string },
  lessons: readonly LessonSource[],
  problems: Problems,
) {
  const ids = new Map([[course.id, course.file]])
  const slugs = new Map<string, string>()
  for (const { document, places } of lessons) {
    for (const { id, file, line } of places) {
      const other = ids.get(id)
      if (other !== undefined) problems.add(file, line, `the id ${id} is taken by ${other}`)
      else ids.set(id, file)
    }
    const { file, line } = places[0]
    const other = slugs.get(document.slug)
    if (other !== undefined) problems.add(file, line, `the slug ${document.slug} is taken by ${other}`)
    else slugs.set(document.slug, file)
  }
}
