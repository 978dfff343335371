import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import '@tensorflow/tfjs-backend-cpu'
import * as tf from '@tensorflow/tfjs-core'
import { loadLayersModel } from '@tensorflow/tfjs-layers'
import t from 'tap'
import { parse } from 'yaml'
import { z } from 'zod'
import { type SeenEvent, streamRun, subscribeToRun } from '../support/clients.js'
import { mnistDigit } from '../support/mnist-digits.js'
import { lessonPage, submitQuiz } from './documents.js'
import { openClient, openUniversity } from './university.js'

const course = 'deep-learning-basics'
const lesson = 'convolutional-neural-networks'
const quizFile = z
  .object({
    questions: z.array(
      z.object({
        id: z.string(),
        options: z.array(z.object({ id: z.string(), correct: z.boolean().default(false) })),
        explanation: z.string(),
      }),
    ),
  })
  .parse(parse(readFileSync(`content/${course}/${lesson}/quiz.yaml`, 'utf8')))
/** The lab's own spec, but for what makes it short: wasm, so that it repeats itself on every machine. */
const short = { epochs: 1, trainingImages: 3_000, batchSize: 50, engine: 'wasm' }
const long = { ...short, epochs: 50 }

// A training takes seconds on a machine of its own, and longer on one that is shared.
t.setTimeout(300_000)

t.test('from a lesson to a model', async t => {
  const { home, student, instructor, server, address, startWorker } = await openUniversity(t)
  const working = startWorker()

  const signIn = async (account: object) =>
    (await openClient(address).send('POST', '/api/v1/session', account)).json
  const { token: studentToken } = await signIn(student)
  const { token } = await signIn(instructor)
  const teacher = openClient(address, { authorization: `Bearer ${token}` })

  const launch = async (spec: object, by = teacher): Promise<string> => {
    const input = { labId: 'dlb-cnn-lab', spec, idempotencyKey: randomUUID() }
    const mutation = 'mutation ($input: LaunchRunInput!) { launchRun(input: $input) { id } }'
    return (await by.query(mutation, { input })).json.data.launchRun.id
  }
  const watch = (id: string) => subscribeToRun(address, token, id)
  const runOf = async (id: string) => (await teacher.get(`/api/v1/runs/${id}`)).json

  await t.test('a student reads the lesson, answers its quiz and learns no answer before', async t => {
    const signedIn = await openClient(address).send('POST', '/api/v1/session', {
      ...student,
      delivery: 'cookie',
    })
    const [cookie] = signedIn.headers.getSetCookie()
    t.match(cookie, /^lyceum_session=.*HttpOnly/)
    const page = { cookie: cookie?.split(';')[0] ?? '' }
    const browser = openClient(address, { ...page, 'x-csrf-token': signedIn.json.csrfToken })
    const script = openClient(address, { authorization: `Bearer ${studentToken}` })

    const read = await browser.query(lessonPage, { course, lesson })
    t.strictSame(read.json.errors, undefined)
    const {
      id: courseId,
      quiz,
      revision,
      labs,
    } = { ...read.json.data.lesson, id: read.json.data.lesson.course.id }
    t.match(read.json.data.lesson, { title: 'Convolutional Neural Networks', next: { slug: 'lenet-5' } })
    t.match(labs, [{ id: 'dlb-cnn-lab', available: true, spec: { architecture: 'simple-cnn' } }])
    t.equal((await script.get(`/api/v1/courses/${course}/lessons/${lesson}`)).status, 200)
    t.equal((await script.get(`/api/v1/courses/${course}`)).status, 200)

    const enrol = `mutation { enrol(courseId: "${courseId}") }`
    t.match((await openClient(address, page).query(enrol)).json, {
      errors: [{ extensions: { code: 'CSRF_REFUSED' } }],
    })
    t.match((await browser.query(enrol)).json, { data: { enrol: true } })

    const wrong = 'pooling'
    const answers = quizFile.questions.map(({ id, options }) => ({
      questionId: id,
      optionId: options.find(option => option.correct === (id !== wrong))?.id,
    }))
    for (const body of [...browser.bodies, ...script.bodies]) {
      t.notMatch(body, /"(correctOptionId|explanation)"|"answerKey":\[/)
      for (const { explanation } of quizFile.questions) t.notOk(body.includes(explanation.slice(0, 30)))
    }
    const input = { quizId: quiz.id, lessonRevisionId: revision, idempotencyKey: randomUUID(), answers }
    const graded = await browser.query(submitQuiz, { input })
    t.match(graded.json.data.submitQuiz, { number: 1, score: 4, maxScore: 5, passed: true })
    const missed = graded.json.data.submitQuiz.responses.find(
      (r: { questionId: string }) => r.questionId === wrong,
    )
    t.match(missed, { correct: false, correctOptionId: null, explanation: null })
    t.match((await script.get('/api/v1/me/progress')).json.items, [{ progress: { quizzesPassed: 1 } }])
    t.match((await script.send('POST', '/api/v1/runs', { spec: short })).json, {
      code: 'RUN_LAB_REQUIRED',
    })
  })

  const worker = await working
  await t.test('an instructor trains its network, and the model recognises a digit', async t => {
    const id = await launch(short)
    const [overSocket, overHttp] = await Promise.all([
      collect(watch(id)),
      collect(streamRun(address, token, id)),
    ])
    t.strictSame(numbersOf(overSocket), countTo(overSocket.length))
    t.strictSame(overHttp, overSocket)
    const types = overSocket.map(event => event.type)
    t.strictSame(types.slice(0, 3), ['queued', 'starting', 'started'])
    t.ok(types.includes('step'))
    t.strictSame(types.slice(-4), ['epoch', 'samples', 'checkpoint', 'finished'])

    const run = await runOf(id)
    t.match(run, { status: 'SUCCEEDED', engine: 'wasm', device: /./, attempt: 1 })
    const { testAccuracy, confusionMatrix, imagesPerSecond } = run.result
    const rows: number[][] = confusionMatrix
    t.equal(sum(rows.flat()), 10_000)
    t.equal(sum(rows.map((row, i) => row[i] ?? 0)) / 10_000, testAccuracy)
    t.ok(testAccuracy > 0.85, `${testAccuracy} of the test images are recognised`)
    t.ok(imagesPerSecond > 0)

    const { label, pixels } = mnistDigit(0)
    const headers = { authorization: `Bearer ${token}` }
    const source = tf.io.http(`${address}/api/v1/runs/${id}/model/model.json`, { requestInit: { headers } })
    const model = await loadLayersModel(source)
    const output = model.predict(tf.reshape(tf.div(tf.tensor(pixels), 255), [1, 28, 28, 1]))
    const own = Array.isArray(output) ? [] : [...(await output.data())]
    t.equal(own.indexOf(Math.max(...own)), label)
    const predict = `mutation ($id: ID!, $image: PredictionImageInput!) {
      predict(runId: $id, image: $image) { classes { name probability } }
    }`
    const predicted = await teacher.query(predict, { id, image: { format: 'pixels', pixels } })
    const classes: Array<{ probability: number }> = predicted.json.data.predict.classes
    for (const [i, { probability }] of classes.entries()) t.ok(Math.abs(probability - (own[i] ?? 0)) < 1e-4)
    const tooSmall = { format: 'pixels', pixels: [[0]] }
    t.match((await teacher.query(predict, { id, image: tooSmall })).json, {
      errors: [{ message: /28/, extensions: { code: 'PREDICTION_FAILED' } }],
    })
    const refused = await teacher.send('POST', `/api/v1/runs/${id}/predictions`, { image: tooSmall })
    t.match(refused.json, { status: 422, code: 'PREDICTION_FAILED' })

    for (const format of ['keras', 'onnx']) {
      t.equal((await teacher.get(`/api/v1/runs/${id}/model?format=${format}`)).status, 200, format)
    }

    const files = join(home, 'storage', 'runs', id)
    t.ok(existsSync(files))
    t.equal((await teacher.send('DELETE', `/api/v1/runs/${id}`)).status, 204)
    t.notOk(existsSync(files))
    t.match((await teacher.get(`/api/v1/runs/${id}/model/model.json`)).json, { code: 'NOT_FOUND' })
  })

  await t.test('a run is cancelled in the middle of an epoch', async t => {
    const id = await launch(long)
    const seen: SeenEvent[] = []
    for await (const event of watch(id)) {
      seen.push(event)
      if (event.type !== 'step' || seen.at(-2)?.type === 'step') continue
      const cancel = `mutation { cancelRun(id: "${id}") { cancelRequestedAt } }`
      t.match((await teacher.query(cancel)).json.data.cancelRun.cancelRequestedAt, /^\d{4}-/)
    }
    t.equal(seen.at(-1)?.type, 'cancelled')
    t.strictSame(numbersOf(seen), countTo(seen.length))
    t.notOk(seen.some(event => event.type === 'epoch'))
    t.match(await runOf(id), { status: 'CANCELLED', modelFiles: [], result: null })
  })

  await t.test("a student's run whose worker is told to stop is finished by another", async t => {
    const learner = openClient(address, { authorization: `Bearer ${studentToken}` })
    const id = await launch(short, learner)
    const seen: SeenEvent[] = []
    for await (const event of watch(id)) {
      seen.push(event)
      if (event.type === 'step' && !seen.some(earlier => earlier.type === 'requeued')) {
        t.equal(await worker.stop('SIGTERM'), 0)
        t.match(await runOf(id), { status: 'QUEUED', attempt: 2 })
        await startWorker()
      }
    }
    t.strictSame(numbersOf(seen), countTo(seen.length))
    t.equal(seen.at(-1)?.type, 'finished')
    const run = await runOf(id)
    t.match(run, { status: 'SUCCEEDED', attempt: 2 }, 'the instructor of the course sees it')
    t.ok(run.secondsAllowed < 3_600, 'what the first worker used is not given again')
    const { budget } = (await learner.get('/api/v1/labs/dlb-cnn-lab/launch')).json
    t.ok(budget.secondsLeft < run.secondsAllowed)
  })

  await t.test('the server stops when told to, a socket being open, and has logged no secret', async t => {
    const open = watch(await launch(long))
    await open.next()
    t.equal(await server.stop('SIGTERM'), 0)
    await t.rejects(async () => {
      while (!(await open.next()).done) {}
    })
    for (const secret of [token, studentToken, student.password]) t.notOk(server.output().includes(secret))
  })
})

async function collect(events: AsyncIterable<SeenEvent>): Promise<SeenEvent[]> {
  const seen: SeenEvent[] = []
  for await (const event of events) seen.push(event)
  return seen
}

const numbersOf = (events: readonly SeenEvent[]) => events.map(event => event.number)
const countTo = (most: number) => Array.from({ length: most }, (_, index) => index + 1)
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
