import { findMathFaults } from '../../platform/markdown.js'
import { findUnavailable, namesUpload, validateSpec } from '../../training/contract.js'
import type { QuizDocument } from '../contract.js'
import type { LessonDocument } from '../documents.js'
import type { CourseFolder, Mention } from './course-folder.js'
import { type LabsFile, labsFile, lessonFile, type QuizFile, quizFile } from './file-schemas.js'
import { hashOf } from './hash.js'
import { type Asset, type PlacedText, readFigures } from './lesson-figures.js'
import { readYaml, type YamlFile } from './yaml-file.js'

const maxTextBytes = 256 * 1024
const maxCodeBytes = 128 * 1024

/** Where an id stands in the files. */
export interface IdPlace extends Mention {
  readonly id: string
}

export interface LessonSource {
  readonly document: LessonDocument
  readonly hash: string
  readonly assets: readonly Asset[]
  /** The lesson's own id first, then those of its quiz and labs. */
  readonly places: readonly [IdPlace, ...IdPlace[]]
}

/** Reads a lesson from its folder. undefined where anything is wrong; the folder's problems say what. */
export async function readLesson(
  folder: CourseFolder,
  name: string,
  mention: Mention,
): Promise<LessonSource | undefined> {
  const { problems } = folder
  const lesson = await readYaml(folder, `${name}/lesson.yaml`, lessonFile, { mention })
  const textFile = folder.nameOf(`${name}/text.md`)
  const text = await folder.readText(`${name}/text.md`, maxTextBytes, mention)
  const quiz = await readYaml(folder, `${name}/quiz.yaml`, quizFile, { optional: true })
  const labs = await readYaml(folder, `${name}/labs.yaml`, labsFile, { optional: true })
  const quizDocument = quiz && readQuiz(quiz, folder)
  if (labs) refuseImpossibleSpecs(labs, folder)
  if (!lesson || text === undefined) return undefined
  if (text.trim() === '') problems.add(textFile, 1, 'is empty')

  const { value } = lesson
  const codeExamples: LessonDocument['codeExamples'] = []
  for (const [index, { title, language, file }] of value.code_examples.entries()) {
    const line = lesson.lineOf(['code_examples', index, 'file'])
    const source = await folder.readText(`${name}/${file}`, maxCodeBytes, { file: lesson.file, line })
    if (source !== undefined) codeExamples.push({ title, language, source })
  }
  const texts: PlacedText[] = [
    { markdown: text, file: textFile, line: 1 },
    ...textsOf(lesson),
    ...(quiz ? textsOf(quiz) : []),
    ...(labs ? textsOf(labs) : []),
  ]
  for (const { markdown, file, line } of texts) {
    for (const fault of findMathFaults(markdown)) {
      problems.add(file, line + fault.line, `a formula is no TeX: ${fault.reason}`)
    }
  }
  const { figures, assets } = await readFigures(folder, name, texts)

  const document: LessonDocument = {
    id: value.id,
    slug: value.slug,
    title: value.title,
    overview: value.overview,
    whyItMatters: value.why_it_matters,
    text: text.trim(),
    keyPoints: value.key_points,
    keyConcepts: value.key_concepts,
    codeExamples,
    fromTheBooks: value.from_the_books,
    quiz: quizDocument ?? null,
    labs: labs?.value.labs ?? [],
    figures,
  }
  return {
    document,
    hash: hashOf(document),
    assets,
    places: [
      { id: value.id, file: lesson.file, line: lesson.lineOf(['id']) },
      ...(quiz ? [{ id: quiz.value.id, file: quiz.file, line: quiz.lineOf(['id']) }] : []),
      ...(labs?.value.labs ?? []).map(({ id }, index) => ({
        id,
        file: folder.nameOf(`${name}/labs.yaml`),
        line: labs?.lineOf(['labs', index, 'id']) ?? 1,
      })),
    ],
  }
}

/** What zod cannot say line by line: one right option, no id twice. */
function readQuiz(quiz: YamlFile<QuizFile>, { problems }: CourseFolder): QuizDocument {
  const { file, value, lineOf } = quiz
  const questionIds = new Set<string>()
  const questions = value.questions.map((question, index) => {
    if (questionIds.has(question.id)) {
      problems.add(file, lineOf(['questions', index, 'id']), `the question id ${question.id} stands twice`)
    }
    questionIds.add(question.id)
    const optionIds = new Set<string>()
    for (const [at, option] of question.options.entries()) {
      if (optionIds.has(option.id)) {
        problems.add(
          file,
          lineOf(['questions', index, 'options', at, 'id']),
          `the option id ${option.id} stands twice`,
        )
      }
      optionIds.add(option.id)
    }
    const right = question.options.filter(option => option.correct)
    if (right.length !== 1) {
      const reason = `question ${question.id} needs exactly one option with correct: true, it has ${right.length}`
      problems.add(file, lineOf(['questions', index]), reason)
    }
    return {
      id: question.id,
      prompt: question.prompt,
      options: question.options.map(({ id, text }) => ({ id, text })),
      correctOptionId: right[0]?.id ?? '',
      explanation: question.explanation,
    }
  })
  const { id, title, max_attempts: maxAttempts = null, review = 'default' } = value
  if (review === 'after_last_attempt' && maxAttempts === null) {
    problems.add(
      file,
      lineOf(['review']),
      'after_last_attempt needs max_attempts: otherwise no attempt is the last',
    )
  }
  return { id, title, maxAttempts, review, questions }
}

/**
 * What no launch could accept. What this installation only lacks is no fault: a course may name what is still to
 * come.
 */
function refuseImpossibleSpecs({ file, value, lineOf }: YamlFile<LabsFile>, { problems }: CourseFolder) {
  for (const [index, { spec }] of value.labs.entries()) {
    if (namesUpload(spec.dataset)) {
      const message = 'must be a dataset that comes with Lyceum: an upload is its owner’s alone'
      problems.add(file, lineOf(['labs', index, 'spec', 'dataset']), message)
    }
    if (findUnavailable(spec).length > 0) continue
    for (const { field, message } of validateSpec(spec)) {
      problems.add(file, lineOf(['labs', index, 'spec', field]), message)
    }
  }
}

/** Every text of a YAML file, to look for figures and formulas. */
function textsOf({ file, value, textLineOf }: YamlFile<object>): PlacedText[] {
  return walk(value, [])

  function walk(node: unknown, path: readonly PropertyKey[]): PlacedText[] {
    if (typeof node === 'string') return [{ markdown: node, file, line: textLineOf(path) }]
    if (typeof node !== 'object' || node === null) return []
    if (Array.isArray(node)) return node.flatMap((child, index) => walk(child, [...path, index]))
    return Object.entries(node).flatMap(([key, child]) => walk(child, [...path, key]))
  }
}
