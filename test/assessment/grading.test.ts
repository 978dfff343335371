import t from 'tap'
import { gradeAttempt, isPassed } from '../../src/assessment/grading.js'
import { attemptsLeft, isAnswerShown, reviewRule } from '../../src/assessment/review-policy.js'
import { hashSubmission } from '../../src/assessment/submission.js'

const option = (id: string) => ({ id, text: id })
const quiz = {
  questions: [
    { id: 'one', prompt: '1?', options: [option('a'), option('b')], correctOptionId: 'a', explanation: '' },
    { id: 'two', prompt: '2?', options: [option('c'), option('d')], correctOptionId: 'd', explanation: '' },
    { id: 'three', prompt: '3?', options: [option('e'), option('f')], correctOptionId: 'e', explanation: '' },
  ],
}

t.test('a point for each right answer, in the order of the quiz, an open question is wrong', async t => {
  const grade = gradeAttempt(quiz, [
    { questionId: 'two', optionId: 'c' },
    { questionId: 'one', optionId: 'a' },
  ])
  t.strictSame(grade, {
    score: 1,
    maxScore: 3,
    responses: [
      { questionId: 'one', optionId: 'a', correct: true },
      { questionId: 'two', optionId: 'c', correct: false },
      { questionId: 'three', optionId: null, correct: false },
    ],
  })
  t.equal(gradeAttempt(quiz, []).score, 0)
})

t.test('what does not belong to the quiz is refused with the place named', async t => {
  const good = { questionId: 'one', optionId: 'a' }
  const cases = [
    [[good, { questionId: 'four', optionId: 'a' }], 'QUIZ_UNKNOWN_QUESTION', 'answers[1].questionId'],
    [[good, { questionId: 'two', optionId: 'z' }], 'QUIZ_UNKNOWN_OPTION', 'answers[1].optionId'],
    [[{ questionId: 'one', optionId: 'd' }], 'QUIZ_UNKNOWN_OPTION', 'answers[0].optionId'],
    [[good, { questionId: 'one', optionId: 'b' }], 'QUIZ_DUPLICATE_ANSWER', 'answers[1].questionId'],
    [[good, good], 'QUIZ_DUPLICATE_ANSWER', 'answers[1].questionId'],
    [[{ questionId: '__proto__', optionId: 'a' }], 'QUIZ_UNKNOWN_QUESTION', 'answers[0].questionId'],
  ] as const
  for (const [answers, code, path] of cases) {
    t.throws(() => gradeAttempt(quiz, answers), { code, details: { path } })
  }
})

t.test('60 % passes, exactly', async t => {
  t.strictSame(
    [isPassed(3, 5), isPassed(2, 5), isPassed(2, 3), isPassed(5, 9), isPassed(6, 10), isPassed(0, 0)],
    [true, false, true, false, true, false],
  )
})

t.test('the review policy shows an answer only when its rule is met', async t => {
  const shown = (
    review: 'default' | 'after_correct' | 'after_last_attempt' | 'never',
    maxAttempts: number | null,
    attemptsUsed: number,
    answeredRight: boolean,
  ) => isAnswerShown({ review, maxAttempts }, { attemptsUsed, answeredRight })

  t.test('by default: the last allowed attempt, or a right answer where attempts are unlimited', async t => {
    t.equal(reviewRule({ review: 'default', maxAttempts: 3 }), 'after_last_attempt')
    t.equal(reviewRule({ review: 'default', maxAttempts: null }), 'after_correct')
    t.strictSame([shown('default', 3, 2, true), shown('default', 3, 3, false)], [false, true])
    t.strictSame([shown('default', null, 99, false), shown('default', null, 1, true)], [false, true])
  })

  t.test('after_correct shows a question once it was answered right', async t => {
    t.strictSame([shown('after_correct', 2, 2, false), shown('after_correct', 2, 1, true)], [false, true])
  })

  t.test('after_last_attempt never comes where attempts are unlimited', async t => {
    t.equal(shown('after_last_attempt', null, 1_000, true), false)
    t.equal(shown('after_last_attempt', 2, 3, false), true)
  })

  t.test('never means never', async t => {
    t.equal(shown('never', 1, 1, true), false)
  })
})

t.test('attempts left are not below zero, and null without a maximum', async t => {
  t.strictSame([attemptsLeft(3, 1), attemptsLeft(3, 5), attemptsLeft(null, 5)], [2, 0, null])
})

t.test('two submissions are the same whatever the order of their answers', async t => {
  const [a, b] = [
    { questionId: 'one', optionId: 'a' },
    { questionId: 'two', optionId: 'c' },
  ]
  t.equal(hashSubmission('r', [a, b]), hashSubmission('r', [b, a]))
  t.not(hashSubmission('r', [a, b]), hashSubmission('s', [a, b]))
  t.not(hashSubmission('r', [a, b]), hashSubmission('r', [a]))
})
