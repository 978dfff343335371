import t from 'tap'
import { importContent } from '../../src/catalog/import/import-content.js'
import { startTestApp } from '../support/app.js'

t.test('a published lesson', async t => {
  const { app, deps } = await startTestApp(t)
  await importContent(deps.database, 'content', { publish: true })
  const lesson = '/api/v1/courses/deep-learning-basics/lessons/convolutional-neural-networks'

  t.test('importing the same files again writes nothing', async t => {
    const [again] = await importContent(deps.database, 'content', { publish: true })
    t.match(again, { outcome: 'unchanged', lessons: { created: 0, updated: 0, unchanged: 10, archived: 0 } })
    t.equal(await deps.database.lessonRevision.count(), 10)
    t.equal(await deps.database.courseRevision.count(), 1)
  })

  t.test('is read whole, with no right answer and no explanation in the body', async t => {
    const response = await app.inject(lesson)
    t.equal(response.statusCode, 200)
    t.equal(response.json().next.slug, 'lenet-5')
    t.match(response.json().text.html, /<math /)
    t.notMatch(response.body, /correctOptionId|explanation|Convolution assumes that patterns are local/)
  })

  t.test('is not sent again to a client that holds it', async t => {
    const { etag } = (await app.inject(lesson)).headers
    t.equal((await app.inject({ url: lesson, headers: { 'if-none-match': String(etag) } })).statusCode, 304)
  })

  t.test('shows its figures, which can run nothing', async t => {
    const [figure] = (await app.inject(lesson)).json().figures
    const { statusCode, headers } = await app.inject(figure.url)
    t.equal(statusCode, 200)
    t.match(headers['content-security-policy'], /sandbox/)
    t.match(headers['cache-control'], /immutable/)
  })

  t.test(
    'of a withdrawn course is missing within the promised second, however the change was made',
    async t => {
      await deps.database.course.updateMany({ data: { state: 'DRAFT' } })
      const changedAt = performance.now()
      let status = 200
      while (status === 200 && performance.now() - changedAt < 10_000) {
        await new Promise(resolve => setTimeout(resolve, 50))
        status = (await app.inject(lesson)).statusCode
      }
      t.equal(status, 404)
    },
  )
})
