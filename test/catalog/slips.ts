import { symlinkSync } from 'node:fs'
import { type CourseFiles, drawing } from './course-files.js'

const lesson = 'tea/brewing/lesson.yaml'
const quiz = 'tea/brewing/quiz.yaml'
const text = 'tea/brewing/text.md'
const figure = 'tea/brewing/figures/curve-1.svg'
const svg = (inside: string, attributes = '') =>
  `<svg xmlns="http://www.w3.org/2000/svg" ${attributes}>\n<g/>\n${inside}</svg>`

/** What an author can get wrong: the slip, and where and how it is reported. */
export const slips: readonly [
  name: string,
  slip: (files: CourseFiles) => void,
  problem: string,
  reason: RegExp,
][] = [
  ['a YAML syntax error', f => f.edit(quiz, 'title: Quick quiz', 'title: "Quick'), `${quiz}:2`, /quote/],
  ['a doubled key', f => f.edit(lesson, 'slug: ', 'id: again\nslug: '), `${lesson}:2`, /unique/],
  ['an alias', f => f.edit(quiz, 'Quick quiz', '*id'), `${quiz}:2`, /alias/],
  ['brackets without end', f => f.write(quiz, '['.repeat(100_000)), `${quiz}:`, /./],
  [
    'an unknown key',
    f => f.edit(quiz, 'title:', 'max_atempts: 3\ntitle:'),
    `${quiz}:2`,
    /max_atempts: is not a known key/,
  ],
  [
    'more seconds a day than a day has',
    f => f.edit('tea/course.yaml', 'lessons:', 'student_runs:\n  seconds_per_day: 90000\nlessons:'),
    'tea/course.yaml:6',
    /student_runs.seconds_per_day/,
  ],
  [
    'more seconds on a GPU than in all',
    f =>
      f.edit(
        'tea/course.yaml',
        'lessons:',
        'student_runs: { seconds_per_day: 60, gpu_seconds_per_day: 61 }\nlessons:',
      ),
    'tea/course.yaml:5',
    /student_runs: must not give more seconds on a GPU/,
  ],
  [
    'a key of what students may run that is none',
    f => f.edit('tea/course.yaml', 'lessons:', 'student_runs: { seconds_per_day: 60, hours: 1 }\nlessons:'),
    'tea/course.yaml:5',
    /hours: is not a known key/,
  ],
  ['a missing id', f => f.edit(lesson, 'id: tea-brewing\n', ''), `${lesson}:1`, /^id: /],
  [
    'an id that is not kebab-case',
    f => f.edit(lesson, 'id: tea-b', 'id: Tea_B'),
    `${lesson}:1`,
    /kebab-case/,
  ],
  ['a number for a text', f => f.edit(quiz, '55 degrees', '55'), `${quiz}:8`, /options.0.text/],
  ['a year that is none', f => f.edit(lesson, '1701', 'soon'), `${lesson}:23`, /year/],
  ['an escaped control character', f => f.edit(quiz, 'Quick quiz', '"a\\0b"'), `${quiz}:2`, /control/],
  ['half a surrogate pair', f => f.edit(quiz, 'Quick quiz', '"a\\ud800b"'), `${quiz}:2`, /control/],
  [
    'two right options',
    f => f.edit(quiz, '55 degrees', '55 degrees\n        correct: true'),
    `${quiz}:4`,
    /it has 2/,
  ],
  ['no right option', f => f.edit(quiz, '        correct: true\n', ''), `${quiz}:4`, /it has 0/],
  ['an option letter twice', f => f.edit(quiz, 'id: c', 'id: b'), `${quiz}:12`, /option id b stands twice/],
  ['a question id twice', f => f.edit(quiz, 'green-2', 'green-1'), `${quiz}:16`, /question id green-1/],
  [
    'a last attempt that never is',
    f => f.edit(quiz, 'questions:', 'review: after_last_attempt\nquestions:'),
    `${quiz}:3`,
    /max_attempts/,
  ],
  [
    'an id twice in the course',
    f => f.edit('tea/leaves/quiz.yaml', 'id: tea-leaves-quiz', 'id: tea-lab'),
    'tea/leaves/quiz.yaml:1',
    /tea-lab is taken/,
  ],
  [
    'a slug twice in the course',
    f => f.edit('tea/leaves/lesson.yaml', 'slug: tea-leaves', 'slug: tea-brewing'),
    'tea/leaves/lesson.yaml:1',
    /slug/,
  ],
  [
    'a lesson listed twice',
    f => f.edit('tea/course.yaml', 'leaves', 'brewing'),
    'tea/course.yaml:7',
    /listed twice/,
  ],
  [
    'a lesson without a folder',
    f => f.edit('tea/course.yaml', 'leaves', 'nowhere'),
    'tea/course.yaml:7',
    /no such file/,
  ],
  [
    'a lesson outside',
    f => f.edit('tea/course.yaml', 'leaves', '../other'),
    'tea/course.yaml:7',
    /folder beside/,
  ],
  ['a missing code example', f => f.remove('tea/brewing/code/cooling.py'), `${lesson}:18`, /no such file/],
  [
    'a path out of the folder',
    f => f.edit(lesson, 'code/cooling.py', '../../../etc/passwd'),
    `${lesson}:18`,
    /must be a path/,
  ],
  ['a missing figure', f => f.remove(figure), `${text}:5`, /no such file/],
  [
    'a figure of another lesson',
    f => f.edit(text, 'figures/curve-1', '../leaves/figures/curve-1'),
    `${text}:5`,
    /folder of the lesson/,
  ],
  ['a figure of another kind', f => f.edit(text, 'curve-1.svg', 'curve-1.gif'), `${text}:5`, /SVG or PNG/],
  [
    'a figure from elsewhere',
    f => f.edit(text, 'figures/curve-1.svg', 'https://example.org/a.png'),
    `${text}:5`,
    /SVG or PNG/,
  ],
  [
    'a figure in a data: address',
    f => f.edit(text, 'figures/curve-1.svg', 'data:image/png;base64,AA=='),
    `${text}:5`,
    /SVG or PNG/,
  ],
  ['a figure without words', f => f.edit(text, '![Curve 1]', '![]'), `${text}:5`, /can't see/],
  ['an SVG that is a text', f => f.write(figure, 'no drawing'), `${figure}:1`, /not an SVG/],
  ['an SVG that is not closed', f => f.write(figure, svg('<g>')), `${figure}:1`, /cannot be shown/],
  ['a script in an SVG', f => f.write(figure, svg('<script>alert(1)</script>')), `${figure}:3`, /<script>/],
  ['HTML in an SVG', f => f.write(figure, svg('<foreignObject/>')), `${figure}:3`, /<foreignObject>/],
  ['a handler in an SVG', f => f.write(figure, svg('<g onclick="alert(1)"/>')), `${figure}:3`, /onclick/],
  [
    'a link in an SVG',
    f => f.write(figure, svg('<use href="https://example.org/#a"/>')),
    `${figure}:3`,
    /only to parts/,
  ],
  ['a style in an SVG', f => f.write(figure, svg('', 'style="fill:red"')), `${figure}:1`, /style/],
  [
    'a paint from elsewhere',
    f => f.write(figure, svg('<g fill="u\\72l(//a)"/>')),
    `${figure}:3`,
    /only to parts/,
  ],
  [
    'an entity in an SVG',
    f => f.write(figure, `<!DOCTYPE svg [<!ENTITY a "b">]>${svg('')}`),
    `${figure}:1`,
    /DOCTYPE/,
  ],
  [
    'a symbolic link',
    f => {
      f.remove(figure)
      symlinkSync('/etc/hostname', f.at(figure))
    },
    `${text}:5`,
    /symbolic link/,
  ],
  [
    'a folder behind a symbolic link',
    f => {
      f.remove('tea/leaves')
      symlinkSync(f.at('tea/brewing'), f.at('tea/leaves'))
    },
    'tea/course.yaml:7',
    /symbolic link/,
  ],
  [
    'a text that is too large',
    f => f.write(text, 'a'.repeat(256 * 1024 + 1)),
    `${lesson.replace('brewing/lesson', 'course')}:6`,
    /at most/,
  ],
  [
    'code that is too large',
    f => f.write('tea/brewing/code/cooling.py', '#'.repeat(128 * 1024 + 1)),
    `${lesson}:18`,
    /at most/,
  ],
  [
    'a figure that is too large',
    f => f.write(figure, drawing + ' '.repeat(1024 * 1024)),
    `${text}:5`,
    /at most/,
  ],
  ['YAML that is too large', f => f.write(quiz, '#'.repeat(512 * 1024 + 1)), `${quiz}:1`, /at most/],
  ['invalid UTF-8', f => f.write(text, Buffer.from('## Tea\n\ncaf\xe9', 'latin1')), `${text}:3`, /UTF-8/],
  ['a NUL in a text', f => f.edit(text, 'cools', 'c\0ols'), `${text}:3`, /control/],
  ['an empty text', f => f.write(text, ' \n'), `${text}:1`, /empty/],
  [
    'epochs out of bounds',
    f => f.edit('tea/brewing/labs.yaml', 'epochs: 1', 'epochs: 0'),
    'tea/brewing/labs.yaml:8',
    /epochs/,
  ],
  [
    'an unknown setting of a lab',
    f => f.edit('tea/brewing/labs.yaml', 'epochs', 'epoch'),
    'tea/brewing/labs.yaml:8',
    /epoch: is not a known key/,
  ],
  [
    'a lab on an upload',
    f => f.edit('tea/brewing/labs.yaml', 'mnist', '019a0000-0000-7000-8000-000000000000'),
    'tea/brewing/labs.yaml:7',
    /must be a dataset that comes with Lyceum/,
  ],
  [
    'a lab that no run could do',
    f => f.edit('tea/brewing/labs.yaml', 'epochs: 1', 'trainingImages: 100\n      batchSize: 900'),
    'tea/brewing/labs.yaml:9',
    /batch/,
  ],
  ['a formula that is no TeX', f => f.edit(text, 'e^{-kt}', '\\frac{1'), `${text}:3`, /no TeX/],
  [
    'a formula that is no TeX, in YAML',
    f => f.edit(lesson, '$100$', '$\\nothing$'),
    `${lesson}:8`,
    /nothing/,
  ],
  [
    'a link in a formula',
    f => f.edit(text, 'e^{-kt}', '\\href{javascript:alert(1)}{x}'),
    `${text}:3`,
    /not allowed/,
  ],
  [
    'a formula without end',
    f => f.edit(text, 'e^{-kt}', `${'{'.repeat(20_000)}x${'}'.repeat(20_000)}`),
    `${text}:3`,
    /no TeX/,
  ],
]
