/**
 * The same question, asked at most once at a time and once in so many ms: between, the last answer is given.
 * A failure is not remembered.
 */
export function rememberFor<Answer>(ms: number, ask: () => Promise<Answer>): () => Promise<Answer> {
  let last: { answer: Promise<Answer>; until: number } | undefined
  return () => {
    if (last !== undefined && performance.now() < last.until) return last.answer
    const asked = { answer: ask(), until: Number.POSITIVE_INFINITY }
    last = asked
    asked.answer.then(
      () => {
        asked.until = performance.now() + ms
      },
      () => {
        asked.until = 0
      },
    )
    return asked.answer
  }
}
