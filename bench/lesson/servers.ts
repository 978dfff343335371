import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { packageRoot } from '../../src/platform/package-root.js'
import { type Contender, cores, type StartOptions, startContender } from '../support/contender.js'
import { startDatabase } from './database.js'

const course = 'deep-learning-basics'
const slug = 'convolutional-neural-networks'
const answer = z.object({ data: z.object({ lesson: z.record(z.string(), z.unknown()) }) })

/** The query of the whole page holds every field of the other one: its answer is the peers' data. */
export const questions = {
  page: question('page', 'LessonPage'),
  opening: question('opening', 'LessonOpening'),
}

/** Lyceum as it runs in production, and its peers: addresses by name. What was started is in `running`. */
export async function startServers(running: { stop(): Promise<void> }[]): Promise<Map<string, string>> {
  const database = await startDatabase()
  running.push(database)
  const start = async <Ready>(
    file: string,
    options: Omit<StartOptions<Ready>, 'core'>,
  ): Promise<Contender<Ready>> => {
    const contender = await startContender(join(packageRoot, file), { ...options, core: cores?.server })
    running.push(contender)
    return contender
  }
  const lyceum = await start('dist/src/lyceum.js', {
    args: ['server'],
    env: { DATABASE_URL: database.url, LYCEUM_HOME: database.home, HOST: '127.0.0.1', PORT: '0' },
    said: z.object({ port: z.number() }),
  })
  const url = `http://127.0.0.1:${lyceum.said.port}/graphql`
  const handed = join(database.home, 'handed.json')
  const [page, opening] = [
    await askLesson(url, questions.page.body),
    await askLesson(url, questions.opening.body),
  ]
  writeFileSync(
    handed,
    JSON.stringify({
      sdl: readFileSync(inBench('schema.graphql'), 'utf8'),
      slug,
      lesson: page.data.lesson,
      answers: { LessonPage: page, LessonOpening: opening },
    }),
  )
  const urls = new Map([['lyceum', url]])
  for (const name of ['fastify', 'apollo', 'yoga']) {
    const said = z.object({ url: z.string() })
    urls.set(name, (await start(`bench/peers/${name}.mjs`, { args: [handed], said })).said.url)
  }
  return urls
}

/**
 * @returns the size of the answer in bytes
 * @throws Error where a server answers anything else than Lyceum
 */
export async function requireSameAnswer(urls: ReadonlyMap<string, string>, body: string): Promise<number> {
  const answers = await Promise.all(
    [...urls].map(async ([name, url]) => ({ name, text: await ask(url, body) })),
  )
  const expected = answers[0]?.text ?? ''
  for (const { name, text } of answers) {
    // Apollo Server ends its answer with a line feed.
    if (text.trimEnd() !== expected) throw new Error(`${name} answers differently from Lyceum.`)
  }
  return Buffer.byteLength(expected)
}

async function askLesson(url: string, body: string) {
  return answer.parse(JSON.parse(await ask(url, body)))
}

async function ask(url: string, body: string): Promise<string> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(url, { method: 'POST', headers, body })
  if (!response.ok) throw new Error(`${url} answers ${response.status}: ${await response.text()}`)
  return response.text()
}

function question(file: string, operationName: string) {
  const query = readFileSync(inBench(`${file}.graphql`), 'utf8')
  return { body: JSON.stringify({ query, operationName, variables: { course, slug } }) }
}

function inBench(file: string): string {
  return join(packageRoot, 'bench/lesson', file)
}
