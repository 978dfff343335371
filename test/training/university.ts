import type { Test } from 'tap'
import { importContent } from '../../src/catalog/import/import-content.js'
import * as ledger from '../../src/training/runs/run-ledger.js'
import { createCourseFiles, writeCourse } from '../catalog/course-files.js'
import { startTestApp } from '../support/app.js'
import { startedEvent } from '../support/started-event.js'
import { createUser, type TestUser } from '../support/users.js'

export const spec = { architecture: 'lenet-5', dataset: 'mnist', epochs: 1 }
export const modelFileText = '{"a":"model"}'
type Headers = Record<string, string>

/**
 * The whole app with a published course of which `tea-lab` can be trained and `tea-later` can't yet, its owner,
 * and what runs are launched and driven with. No worker takes them: a test says itself what a worker would.
 */
export async function openUniversity(t: Test, env: Record<string, string> = {}) {
  const testApp = await startTestApp(t, env)
  const { app, deps } = testApp
  const owner = await createUser(testApp, { role: 'INSTRUCTOR' })
  const instructor = await createUser(testApp, { role: 'INSTRUCTOR' })
  const files = createCourseFiles(t)
  writeCourse(files)
  const later = { id: 'tea-later', title: 'Later', description: 'Still to come.' }
  const labs = [{ ...later, spec: { ...spec, architecture: 'oracle-9' } }]
  files.write('tea/leaves/labs.yaml', JSON.stringify({ labs }))
  await importContent(deps.database, files.root, { publish: true, ownerEmail: owner.email })

  const request = (method: 'GET' | 'POST' | 'DELETE', url: string, headers: Headers = {}, payload?: object) =>
    app.inject({ method, url: `/api/v1${url}`, headers, ...(payload === undefined ? {} : { payload }) })
  const get = (url: string, headers?: Headers) => request('GET', url, headers)
  const post = (url: string, headers?: Headers, payload: object = {}) =>
    request('POST', url, headers, payload)
  const remove = (url: string, headers?: Headers) => request('DELETE', url, headers)
  const ask = async (query: string, headers: Headers = {}, variables: object = {}) =>
    (await app.inject({ method: 'POST', url: '/graphql', headers, payload: { query, variables } })).json()
  const launch = async (user: TestUser = instructor, input: object = { spec }): Promise<string> => {
    const response = await post('/runs', user.headers, input)
    if (response.statusCode !== 201) throw new Error(response.body)
    return response.json().id
  }
  /** As a worker does that takes the run and has begun to train it. */
  const begin = async (runId: string) => {
    const key = { runId, attempt: 1 }
    await ledger.claimAttempt(deps.database, { ...key, workerId: 'w' })
    return key
  }
  /** As a worker does that has trained it. */
  const succeed = async (runId: string) => {
    const key = await begin(runId)
    const modelKey = `runs/${runId}/1`
    await deps.storage.put(`${modelKey}/model.json`, Buffer.from(modelFileText))
    const result = { classNames: ['no', 'yes'] }
    await ledger.appendEvents(deps.database, key, [startedEvent])
    await ledger.finishRun(deps.database, key, { status: 'SUCCEEDED', result, modelKey })
  }
  return { ...testApp, owner, instructor, get, post, remove, ask, launch, begin, succeed }
}
