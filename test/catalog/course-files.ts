import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Test } from 'tap'

export interface CourseFiles {
  /** The folder of courses: what an import is given. */
  readonly root: string
  at(path: string): string
  write(path: string, content: string | Uint8Array): void
  /** Replaces a text that must be there. */
  edit(path: string, from: string, to: string): void
  remove(path: string): void
}

/** A folder of courses in a folder of its own, removed when the test ends. */
export function createCourseFiles(t: Test): CourseFiles {
  const root = mkdtempSync(join(tmpdir(), 'lyceum-content-'))
  t.teardown(() => rmSync(root, { recursive: true, force: true }))
  const at = (path: string) => join(root, path)
  const write = (path: string, content: string | Uint8Array) => {
    mkdirSync(dirname(at(path)), { recursive: true })
    writeFileSync(at(path), content)
  }
  return {
    root,
    at,
    write,
    edit(path, from, to) {
      const text = readFileSync(at(path), 'utf8')
      if (!text.includes(from)) throw new Error(`${path} has no '${from}'`)
      write(path, text.replace(from, to))
    },
    remove: path => rmSync(at(path), { recursive: true }),
  }
}

export const drawing =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8" fill="#fff"/></svg>\n'

/** The words that no catalog response may hold for a reader: the quiz's only secrets. */
export const secretExplanation = 'Boiling water draws out the bitter parts'

/** A small course with everything in it; its first lesson is `<id>-brewing`, its second `<id>-leaves`. */
export function writeCourse(files: CourseFiles, id = 'tea') {
  files.write(
    `${id}/course.yaml`,
    `id: ${id}\nslug: ${id}\ntitle: Tea\nsummary: From leaf to cup.\nlessons:\n  - brewing\n  - leaves\n`,
  )
  writeLesson(files, `${id}/brewing`, `${id}-brewing`)
  writeLesson(files, `${id}/leaves`, `${id}-leaves`, 1)
  files.write(
    `${id}/brewing/labs.yaml`,
    `labs:
  - id: ${id}-lab
    title: While it steeps
    description: Train a small network.
    spec:
      architecture: simple-cnn
      dataset: mnist
      epochs: 1
`,
  )
}

/** A lesson with a quiz of so many questions, each with a figure of its own in the text. */
export function writeLesson(files: CourseFiles, folder: string, id: string, size = 2) {
  const numbers = Array.from({ length: size }, (_, index) => index + 1)
  files.write(
    `${folder}/lesson.yaml`,
    `id: ${id}
slug: ${id}
title: ${id}
overview: How long, how hot, and why.
why_it_matters: |
  A good leaf is easily spoilt.

  By water of $100$ degrees.
key_points:
${numbers.map(n => `  - Point ${n}`).join('\n')}
key_concepts:
  - term: Steeping
    definition: Leaving the leaves in the water.
code_examples:
  - title: How fast a cup cools
    language: python
    file: code/cooling.py
from_the_books:
  - note: A warm body loses heat in proportion.
    author: Isaac Newton
    title: Scala graduum caloris
    year: 1701
    place: Philosophical Transactions 22
`,
  )
  const figure = (n: number) => `![Curve ${n}](figures/curve-${n}.svg)\n`
  files.write(
    `${folder}/text.md`,
    `## Waiting\n\nIt cools as $e^{-kt}$.\n\n${numbers.map(figure).join('\n')}`,
  )
  for (const n of numbers) files.write(`${folder}/figures/curve-${n}.svg`, `<!-- ${n} -->${drawing}`)
  files.write(`${folder}/code/cooling.py`, 'print(75)\n')
  files.write(
    `${folder}/quiz.yaml`,
    `id: ${id}-quiz
title: Quick quiz
questions:
${numbers.map(question).join('')}`,
  )
}

function question(n: number): string {
  return `  - id: green-${n}
    prompt: About how hot for green tea?
    options:
      - id: a
        text: 55 degrees
      - id: b
        text: 75 degrees
        correct: true
      - id: c
        text: 100 degrees
    explanation: |
      ${secretExplanation}.
`
}
