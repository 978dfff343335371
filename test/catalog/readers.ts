import { randomUUID } from 'node:crypto'
import { type ImportOptions, importContent } from '../../src/catalog/import/import-content.js'
import { notifySql } from '../../src/platform/notifications.js'
import type { TestApp } from '../support/app.js'
import type { TestUser } from '../support/users.js'

/** How tests read and change courses over either face, as a user or as nobody. */
export function createReaders({ app, deps: { database, notifications } }: TestApp) {
  const headers = (user: TestUser | undefined) => user?.headers ?? {}
  const post = (url: string, user: TestUser | undefined, payload: object) =>
    app.inject({ method: 'POST', url, headers: headers(user), payload })
  const ask = async (user: TestUser | undefined, query: string) =>
    (await post('/graphql', user, { query })).json()
  return {
    get: (url: string, user?: TestUser) => app.inject({ url, headers: headers(user) }),
    post,
    ask,
    setState: (user: TestUser | undefined, state: string, course = 'tea') =>
      ask(user, `mutation { setCourseState(course: "${course}", state: ${state}) { state } }`),
    patchState: (user: TestUser | undefined, state: string, slug = 'tea') =>
      app.inject({
        ...{ method: 'PATCH', url: `/api/v1/courses/${slug}`, payload: { state } },
        headers: headers(user),
      }),

    /** Imports files, and waits until the app was told: its snapshot may be a second old otherwise. */
    async importAndTell(directory: string, options: ImportOptions = {}) {
      await importContent(database, directory, options)
      const marker = randomUUID()
      const heard = new Promise<void>(resolve => {
        const stop = notifications.on('catalog_changed', payload => {
          if (payload !== marker) return
          stop()
          resolve()
        })
      })
      await database.$executeRawUnsafe(notifySql, 'catalog_changed', marker)
      await heard
    },
  }
}
