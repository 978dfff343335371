import { type RichText, renderMarkdown } from '../platform/markdown.js'
import type { LabDocument, QuizDocument, QuizView } from './contract.js'
import type { LessonDocument } from './documents.js'

export interface LabView {
  readonly id: string
  readonly title: string
  readonly description: RichText
  readonly spec: unknown
}

/** A lesson's revision, rendered once and then shared by all who read it: nobody may change it. */
export interface LessonContent {
  readonly overview: RichText
  readonly whyItMatters: RichText
  readonly text: RichText
  readonly keyPoints: readonly RichText[]
  readonly keyConcepts: readonly { readonly term: string; readonly definition: RichText }[]
  readonly codeExamples: LessonDocument['codeExamples']
  readonly fromTheBooks: readonly {
    readonly note: RichText
    readonly author: string
    readonly title: string
    readonly year: number
    readonly place: string
  }[]
  readonly quiz: QuizView | null
  readonly labs: readonly LabView[]
  readonly figures: readonly { readonly path: string; readonly url: string }[]
}

/** What is kept of a revision: what everybody sees, and the documents, the right answers included. */
export interface LoadedLesson {
  readonly revisionId: string
  readonly lessonId: string
  readonly courseId: string
  readonly content: LessonContent
  readonly quiz: QuizDocument | null
  readonly labs: readonly LabDocument[]
}

export function renderLesson(document: LessonDocument): LessonContent {
  const render = (markdown: string) => renderMarkdown(markdown, document.figures)
  const { quiz, labs } = document
  return {
    overview: render(document.overview),
    whyItMatters: render(document.whyItMatters),
    text: render(document.text),
    keyPoints: document.keyPoints.map(render),
    keyConcepts: document.keyConcepts.map(({ term, definition }) => ({
      term,
      definition: render(definition),
    })),
    codeExamples: document.codeExamples,
    fromTheBooks: document.fromTheBooks.map(book => ({ ...book, note: render(book.note) })),
    quiz: quiz && {
      id: quiz.id,
      title: quiz.title,
      maxAttempts: quiz.maxAttempts,
      questions: quiz.questions.map(({ id, prompt, options }) => ({
        id,
        prompt: render(prompt),
        options: options.map(option => ({ id: option.id, text: render(option.text) })),
      })),
    },
    labs: labs.map(({ id, title, description, spec }) => ({
      id,
      title,
      description: render(description),
      spec,
    })),
    figures: Object.entries(document.figures).map(([path, file]) => ({ path, url: `/assets/${file}` })),
  }
}
