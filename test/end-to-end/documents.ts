/** All that a page shows of a lesson, for who reads it. */
export const lessonPage = `query ($course: String!, $lesson: String!) {
  lesson(course: $course, slug: $lesson) {
    id slug title revision read
    course { id slug title enrolled progress { share } }
    overview { markdown html } whyItMatters { markdown html } text { markdown html }
    keyPoints { markdown html } keyConcepts { term definition { markdown html } }
    codeExamples { title language source }
    fromTheBooks { note { markdown html } author title year place }
    quiz {
      id title maxAttempts attemptsLeft bestScore answerKey { questionId }
      questions { id prompt { markdown html } options { id text { markdown html } } }
    }
    labs { id title description { markdown html } spec available unavailableReason }
    figures { path url }
    previous { slug title } next { slug title }
  }
}`

export const submitQuiz = `mutation ($input: SubmitQuizInput!) {
  submitQuiz(input: $input) {
    id number score maxScore passed
    responses { questionId optionId correct correctOptionId explanation }
  }
}`
