import t from 'tap'
import { courseProgress } from '../../src/learning/progress.js'

const contents = { lessonIds: ['l1', 'l2', 'l3'], quizIds: ['q1', 'q2'] }

t.test('the share of a course is lessons read and quizzes passed, of all of both', async t => {
  t.strictSame(courseProgress(contents, new Set(['l1', 'l3']), new Set(['q2'])), {
    lessonsRead: 2,
    lessonCount: 3,
    quizzesPassed: 1,
    quizCount: 2,
    share: 0.6,
  })
  t.equal(courseProgress(contents, new Set(contents.lessonIds), new Set(contents.quizIds)).share, 1)
})

t.test('what the course holds no more does not count', async t => {
  const progress = courseProgress(contents, new Set(['l1', 'archived']), new Set(['gone']))
  t.match(progress, { lessonsRead: 1, quizzesPassed: 0, share: 0.2 })
})

t.test('an empty course is at 0, not at NaN', async t => {
  t.equal(courseProgress({ lessonIds: [], quizIds: [] }, new Set(), new Set()).share, 0)
})
