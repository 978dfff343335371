import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type {
  AppControllerRoute,
  AppViewRoute,
  BullBoardQueues,
  IServerAdapter,
  UIConfig,
} from '@bull-board/api/typings/app'
import statics from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { parseInput } from '../../platform/parse.js'

const asked = z.looseObject({ jobsPerPage: z.coerce.number().int().min(1).max(100).default(10) })
const params = z.record(z.string(), z.string())

/**
 * Serves bull-board in a scope, and of it only what reads: the routes that change something are not there, whatever
 * the page offers. Errors are the server's own.
 */
export class ReadOnlyBoard implements IServerAdapter {
  readonly #basePath: string
  #queues: BullBoardQueues = new Map()
  #routes: AppControllerRoute[] = []
  #page: AppViewRoute | undefined
  #uiConfig: UIConfig = {}
  #views = ''
  #static = { path: '', folder: '' }

  constructor(basePath: string) {
    this.#basePath = basePath
  }

  setQueues(queues: BullBoardQueues) {
    this.#queues = queues
    return this
  }

  setViewsPath(path: string) {
    this.#views = path
    return this
  }

  setStaticPath(path: string, folder: string) {
    this.#static = { path, folder }
    return this
  }

  setEntryRoute(route: AppViewRoute) {
    this.#page = route
    return this
  }

  setErrorHandler() {
    return this
  }

  setApiRoutes(routes: AppControllerRoute[]) {
    this.#routes = routes.filter(({ method }) => method === 'get')
    return this
  }

  setUIConfig(config: UIConfig) {
    this.#uiConfig = config
    return this
  }

  /** Below the base path, in a scope of its own. */
  async serve(scope: FastifyInstance): Promise<void> {
    const { path, folder } = this.#static
    await scope.register(statics, { root: folder, prefix: `${this.#basePath}${path}`, decorateReply: false })
    const page = await this.#renderPage()
    for (const url of this.#addresses(this.#page?.route ?? []))
      scope.get(url, { schema: { hide: true } }, async (_request, reply) =>
        reply.type('text/html; charset=utf-8').send(page),
      )
    for (const { route, handler } of this.#routes)
      for (const url of this.#addresses(route))
        scope.get(url, { schema: { hide: true } }, async (request, reply) => {
          const { jobsPerPage, ...query } = parseInput(asked, request.query)
          const { status = 200, body } = await handler({
            queues: this.#queues,
            uiConfig: this.#uiConfig,
            query: { ...query, jobsPerPage: String(jobsPerPage) },
            params: params.parse(request.params ?? {}),
            body: {},
            headers: {},
          })
          return reply.code(status).send(body)
        })
  }

  #addresses(route: string | string[]): string[] {
    return [route].flat().map(path => `${this.#basePath}${path === '/' ? '' : path}`)
  }

  /** The page is a template with some names in it, and asks Google for its fonts: it gets along without. */
  async #renderPage(): Promise<string> {
    if (this.#page === undefined) throw new Error('The board has no page')
    const { name, params } = this.#page.handler({ basePath: this.#basePath, uiConfig: this.#uiConfig })
    const template = await readFile(join(this.#views, name), 'utf8')
    return template
      .replace(/<link [^>]*https:\/\/fonts\.googleapis\.com[^>]*>/g, '')
      .replace(/<%[=-] *(\w+) *%>/g, (_match, key: string) => params[key] ?? '')
  }
}
