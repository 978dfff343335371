import t from 'tap'
import { createUser } from '../support/users.js'
import { openUniversity, spec } from './university.js'

t.test('a run as it is asked for', async t => {
  const university = await openUniversity(t)
  const { instructor, post, ask } = university
  const student = await createUser(university, { role: 'STUDENT' })

  await t.test('has its network summarised on both faces before it is launched', async t => {
    const input = { spec: { dataset: 'mnist', kerasPython: 'm = Sequential([Flatten(), Dense(10)])' } }
    const expected = {
      name: 'keras-model',
      text: /flatten_1 +flatten +784 +0/,
      inputShape: [28, 28, 1],
      outputShape: [10],
      parameters: 7850,
      trainableParameters: 7850,
      multiplyAdds: 7840,
      weightBytes: 31_400,
      notes: [],
      layers: [
        { name: 'flatten_1', inputs: ['input'] },
        { name: 'dense_1', inputs: ['flatten_1'], parameters: 7850 },
        { name: 'activation_1', outputShape: [10] },
      ],
    }
    const answer = await post('/networks/summary', student.headers, input)
    t.equal(answer.statusCode, 200)
    t.match(answer.json(), expected)
    const query = `query ($input: LaunchRunInput!) { networkSummary(input: $input) {
      name text inputShape outputShape parameters trainableParameters multiplyAdds weightBytes trainingBytes notes
      layers { name type inputs outputShape parameters } } }`
    t.match((await ask(query, student.headers, { input })).data.networkSummary, expected)
    t.match(await ask(query, {}, { input }), { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
    const faulty = { spec: { dataset: 'mnist', kerasPython: 'm = Sequential()\nm.pop()' } }
    t.match((await post('/networks/summary', student.headers, faulty)).json(), {
      status: 422,
      code: 'RUN_SPEC_IMPOSSIBLE',
      problems: [
        { path: 'spec.kerasPython', line: 2, column: 1, message: /what .pop\(\) does to the model/ },
      ],
    })
  })

  await t.test(
    'keeps its optimizer, schedule and augmentation over GraphQL, the rest by default',
    async t => {
      const launched = await ask(
        `mutation ($input: LaunchRunInput!) { launchRun(input: $input) {
        name spec { epochs seed optimizer schedule augmentation earlyStopping trainingImages } } }`,
        instructor.headers,
        {
          input: {
            spec: {
              ...spec,
              seed: 4_294_967_295,
              optimizer: { name: 'sgd', momentum: 0.9 },
              schedule: { name: 'cosine', warmupEpochs: 0.5 },
              augmentation: { rotation: 10 },
            },
          },
        },
      )
      t.match(launched.data?.launchRun, {
        name: 'lenet-5 on mnist',
        spec: {
          epochs: 1,
          seed: 4_294_967_295,
          optimizer: { name: 'sgd', momentum: 0.9 },
          schedule: { name: 'cosine', warmupEpochs: 0.5, endShare: 0 },
          augmentation: { rotation: 10, horizontalFlip: false },
          earlyStopping: null,
          trainingImages: null,
        },
      })
    },
  )
})
