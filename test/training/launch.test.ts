import t from 'tap'
import { createUser } from '../support/users.js'
import { openUniversity, spec } from './university.js'

t.test('launching a run', async t => {
  const university = await openUniversity(t)
  const { deps, owner, instructor, get, post, ask } = university
  const { database } = deps
  const launchRun = 'mutation ($input: LaunchRunInput!) { launchRun(input: $input) { id name } }'

  await t.test('fills in every default, and puts the run in the queue', async t => {
    const response = await post('/runs', instructor.headers, { spec })
    t.equal(response.statusCode, 201)
    const run = response.json()
    t.match(run, { status: 'QUEUED', attempt: 1, lastEvent: 1, spec: { ...spec, batchSize: 128, seed: 42 } })
    t.equal(response.headers.location, `/api/v1/runs/${run.id}`)
    t.notOk('idempotencyKey' in run)
    t.equal(await deps.courier.queue('training-cpu').holds(`${run.id}-1`), true)
  })

  await t.test('takes every value that is just inside its bounds, and none just outside', async t => {
    const sgd = (fields: object) => ({ optimizer: { name: 'sgd', ...fields } })
    const adam = (fields: object) => ({ optimizer: { name: 'adam', ...fields } })
    const least = { trainingImages: 100, batchSize: 1, validationSplit: 0 }
    for (const [field, inside, outside] of [
      ['epochs', [{ epochs: 1 }, { epochs: 100 }], [{ epochs: 0 }, { epochs: 101 }, { epochs: 1.5 }]],
      ['batchSize', [{ batchSize: 1 }, { batchSize: 1024 }], [{ batchSize: 0 }, { batchSize: 1025 }]],
      [
        'learningRate',
        [{ learningRate: 1e-12 }, { learningRate: 10 }],
        [{ learningRate: 0 }, { learningRate: 10.01 }],
      ],
      [
        'validationSplit',
        [{ validationSplit: 0 }, { validationSplit: 0.5 }],
        [{ validationSplit: -0.01 }, { validationSplit: 0.501 }],
      ],
      ['dropout', [{ dropout: 0 }, { dropout: 0.9 }], [{ dropout: -0.01 }, { dropout: 0.91 }]],
      [
        'trainingImages',
        [least, { trainingImages: 60_000 }],
        [{ ...least, trainingImages: 99 }, { trainingImages: 70_001 }],
      ],
      [
        'seed',
        [{ seed: 0 }, { seed: 4_294_967_295 }],
        [{ seed: -1 }, { seed: 4_294_967_296 }, { seed: 0.5 }],
      ],
      ['engine', [{ engine: 'auto' }, { engine: 'wasm' }, { engine: 'tensorflow' }], [{ engine: 'gpu' }]],
      [
        'momentum',
        [sgd({ momentum: 0 }), sgd({ momentum: 0.99 })],
        [sgd({ momentum: 1 }), sgd({ momentum: -0.1 })],
      ],
      ['beta1', [adam({ beta1: 0 }), adam({ beta1: 0.99 })], [adam({ beta1: 1 }), adam({ beta1: -0.1 })]],
      ['beta2', [adam({ beta2: 0 }), adam({ beta2: 0.9999 })], [adam({ beta2: 1 }), adam({ beta2: -0.1 })]],
      [
        'epsilon',
        [adam({ epsilon: 1e-12 }), adam({ epsilon: 1 })],
        [adam({ epsilon: 0 }), adam({ epsilon: 1.1 })],
      ],
      ['momentum', [], [adam({ momentum: 0.9 })]],
      [
        'optimizer',
        [{ optimizer: { name: 'rmsprop' } }],
        [{ optimizer: { name: 'lion' } }, { optimizer: 'adam' }, { optimizer: null }],
      ],
      [
        'architecture',
        [],
        [{ architecture: 'LeNet 5' }, { architecture: 'a'.repeat(65) }, { architecture: 5 }],
      ],
      ['dataset', [], [{ dataset: '../mnist' }, { dataset: undefined }]],
      ['epoch', [], [{ epoch: 1 }]],
    ] as const) {
      for (const change of inside) {
        const launched = await post('/runs', instructor.headers, { spec: { ...spec, ...change } })
        t.equal(launched.statusCode, 201, JSON.stringify(change))
        t.match(launched.json().spec, change)
        await post(`/runs/${launched.json().id}/cancel`, instructor.headers)
      }
      for (const change of outside) {
        const { status, code, detail } = (
          await post('/runs', instructor.headers, { spec: { ...spec, ...change } })
        ).json()
        t.strictSame([status, code], [400, 'INVALID_INPUT'], JSON.stringify(change))
        t.match(detail, new RegExp(`spec.*${field}`))
      }
    }
  })

  await t.test(
    'refuses what can not be trained with its place, the same on both faces, and stores nothing',
    async t => {
      const before = await database.trainingRun.count()
      const flatten = { type: 'flatten' }
      const dense = { type: 'dense', units: 10 }
      const conv = { type: 'conv2d', filters: 4, kernelSize: 3 }
      const sequential = (class_name: string, config: object) =>
        JSON.stringify({
          class_name: 'Sequential',
          config: [
            { class_name: 'Flatten', config: { name: 'flatten' } },
            { class_name, config: { name: 'it', ...config } },
          ],
        })
      for (const [input, status, code, place] of [
        [{ labId: 'tea-later' }, 422, 'RUN_SPEC_IMPOSSIBLE', 'spec.architecture'],
        [{ spec: { ...spec, architecture: 'vgg' } }, 422, 'RUN_SPEC_IMPOSSIBLE', 'spec.architecture'],
        [{ spec: { ...spec, dataset: 'imagenet' } }, 422, 'RUN_SPEC_IMPOSSIBLE', 'spec.dataset'],
        [{ spec: { ...spec, trainingImages: 60_001 } }, 422, 'RUN_SPEC_IMPOSSIBLE', 'spec.trainingImages'],
        [{ spec: { ...spec, trainingImages: 100 } }, 422, 'RUN_SPEC_IMPOSSIBLE', 'spec.batchSize'],
        [
          { spec: { ...spec, optimizer: { name: 'sgd', nesterov: true } } },
          422,
          'RUN_SPEC_IMPOSSIBLE',
          'spec.optimizer',
        ],
        [
          { spec: { dataset: 'mnist', layers: [flatten, { ...dense, units: 0 }] } },
          400,
          'INVALID_INPUT',
          'spec.layers.1.units',
        ],
        [
          { spec: { dataset: 'mnist', layers: [{ ...conv, filters: 0 }, flatten, dense] } },
          400,
          'INVALID_INPUT',
          'spec.layers.0.filters',
        ],
        [
          { spec: { dataset: 'mnist', layers: [{ ...conv, kernelSize: 29 }, flatten, dense] } },
          422,
          'RUN_SPEC_IMPOSSIBLE',
          'spec.layers: layer 1 .conv2d.: its 29x29 kernel is larger than its 28x28 input',
        ],
        [
          { spec: { dataset: 'mnist', kerasJson: sequential('Dense', { units: 0 }) } },
          422,
          'RUN_SPEC_IMPOSSIBLE',
          "spec.kerasJson: Dense 'it': the option units",
        ],
        [
          { spec: { dataset: 'mnist', kerasJson: sequential('LSTM', { units: 10 }) } },
          422,
          'RUN_SPEC_IMPOSSIBLE',
          "spec.kerasJson: LSTM 'it': a layer of this kind is not supported",
        ],
        [
          { spec: { dataset: 'mnist', kerasJson: sequential('Dense', { units: 10, magic: 1 }) } },
          422,
          'RUN_SPEC_IMPOSSIBLE',
          "spec.kerasJson: Dense 'it': the option magic is not understood",
        ],
        [
          { spec: { dataset: 'mnist', kerasPython: 'm = Sequential([Flatten(), Dense(0)])' } },
          422,
          'RUN_SPEC_IMPOSSIBLE',
          'spec.kerasPython: Line 1, column 28: Dense: the option units',
        ],
        [{ labId: 'nowhere' }, 404, 'NOT_FOUND', 'lab'],
        [{ spec: { ...spec, epochs: 0 } }, 400, 'INVALID_INPUT', 'spec.epochs'],
        [{ name: ' ', spec }, 400, 'INVALID_INPUT', 'name'],
        [{ name: 'n'.repeat(101), spec }, 400, 'INVALID_INPUT', 'name'],
        [{}, 400, 'INVALID_INPUT', 'labId'],
      ] as const) {
        const problem = (await post('/runs', instructor.headers, input)).json()
        t.match(problem, { status, code, detail: new RegExp(place) })
        t.match(await ask(launchRun, instructor.headers, { input }), {
          data: null,
          errors: [{ message: new RegExp(place), extensions: { code } }],
        })
      }
      t.equal(await database.trainingRun.count(), before)
    },
  )

  await t.test("takes a lab's spec but for what differs, and keeps where it came from", async t => {
    const { id } = (
      await post('/runs', instructor.headers, { labId: 'tea-lab', spec: { batchSize: 64 } })
    ).json()
    const lesson = (await get('/courses/tea/lessons/tea-brewing')).json()
    for (const user of [instructor, owner]) {
      t.match((await get(`/runs/${id}`, user.headers)).json(), {
        name: 'While it steeps',
        courseId: 'tea',
        labId: 'tea-lab',
        lessonRevisionId: lesson.revision,
        spec: { architecture: 'simple-cnn', epochs: 1, batchSize: 64 },
      })
    }
    t.match((await post(`/runs/${id}/cancel`, owner.headers)).json(), { status: 403, code: 'FORBIDDEN' })
    const page = `{ course(slug: "tea") { lessons { labs {
      id available unavailableReason runs { totalCount edges { node { id } } } } } } }`
    const labsFor = async (headers = {}) =>
      (await ask(page, headers)).data.course.lessons.flatMap((found: { labs: object[] }) => found.labs)
    t.match(await labsFor(owner.headers), [
      {
        id: 'tea-lab',
        available: true,
        unavailableReason: null,
        runs: { totalCount: 1, edges: [{ node: { id } }] },
      },
      { id: 'tea-later', available: false, unavailableReason: /oracle-9/, runs: { totalCount: 0 } },
    ])
    t.match(await labsFor(), [{ runs: null }, { runs: null }])
    const stranger = await createUser(university, { role: 'INSTRUCTOR' })
    t.match(await labsFor(stranger.headers), [{ runs: { totalCount: 0 } }, {}])
  })

  await t.test('with the same key twice launches once, also at the same time', async t => {
    const headers = { ...instructor.headers, 'idempotency-key': 'one' }
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => post('/runs', headers, { spec })))
    t.equal(new Set(answers.map(answer => answer.json().id)).size, 1)
    const other = { spec: { ...spec, epochs: 2 } }
    t.match((await post('/runs', headers, other)).json(), { status: 409, code: 'RUN_IDEMPOTENCY_KEY_REUSED' })
    const differ = await post('/runs', headers, { spec, idempotencyKey: 'two' })
    t.match(differ.json(), { status: 400, code: 'RUN_IDEMPOTENCY_KEYS_DIFFER' })
    const theirs = await post('/runs', { ...owner.headers, 'idempotency-key': 'one' }, { spec })
    t.not(theirs.json().id, answers[0]?.json().id)
    const input = { spec: { ...spec, epochs: 2 }, idempotencyKey: 'one' }
    t.match(await ask(launchRun, instructor.headers, { input }), {
      errors: [{ extensions: { code: 'RUN_IDEMPOTENCY_KEY_REUSED' } }],
    })
  })

  await t.test('is refused to who has 20 runs that have not ended, also where they come at once', async t => {
    const eager = await createUser(university, { role: 'INSTRUCTOR' })
    const answers = await Promise.all(
      Array.from({ length: 22 }, () => post('/runs', eager.headers, { spec })),
    )
    t.equal(answers.filter(answer => answer.statusCode === 201).length, 20)
    const refused = answers.filter(answer => answer.statusCode !== 201).map(answer => answer.json())
    t.match(refused, [{ status: 429, code: 'RUN_TOO_MANY' }, { code: 'RUN_TOO_MANY' }])
    const id = answers.find(answer => answer.statusCode === 201)?.json().id
    await post(`/runs/${id}/cancel`, eager.headers)
    t.equal((await post('/runs', eager.headers, { spec })).statusCode, 201)
    const first = (await get('/runs?first=15', eager.headers)).json()
    const second = (await get(`/runs?first=15&after=${first.pageInfo.endCursor}`, eager.headers)).json()
    t.strictSame([first.items.length, second.items.length], [15, 6])
    const ids: string[] = [...first.items, ...second.items].map(run => run.id)
    t.strictSame(ids, [...new Set(ids)].sort().reverse(), 'newest first, none twice')
  })

  await t.test('over GraphQL too', async t => {
    const fresh = await createUser(university, { role: 'INSTRUCTOR' })
    const query = `mutation ($input: LaunchRunInput!) { launchRun(input: $input) {
      id name status spec { epochs seed optimizer trainingImages } modelFiles events { number type data } } }`
    const optimizer = { name: 'sgd', momentum: 0.9 }
    const input = { spec: { ...spec, seed: 4_294_967_295, optimizer } }
    const { launchRun: run } = (await ask(query, fresh.headers, { input })).data
    t.match(run, {
      name: 'lenet-5 on mnist',
      status: 'QUEUED',
      spec: { epochs: 1, seed: 4_294_967_295, optimizer, trainingImages: null },
      events: [{ number: 1, type: 'queued', data: { attempt: 1 } }],
    })
    const listed = await ask('{ myRuns { totalCount edges { cursor node { id } } } }', fresh.headers)
    t.match(listed, { data: { myRuns: { totalCount: 1, edges: [{ node: { id: run.id } }] } } })
    const known = await ask(
      '{ architectures { id inputShape } datasets { edges { node { id classNames } } } }',
    )
    t.match(known.data.architectures, [{ id: 'simple-cnn' }, { id: 'lenet-5', inputShape: [28, 28, 1] }])
  })
})
