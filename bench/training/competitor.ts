import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { startContender } from '../support/contender.js'

const contenderFile = fileURLToPath(new URL('contender.js', import.meta.url))

const present = z.object({
  device: z.string(),
  /** Numbers that training changes. */
  parameters: z.number(),
})
const said = z.union([present, z.object({ missing: z.string() })])
const round = z.object({ imagesPerSecond: z.number() })

/** Something that trains, in a process of its own. */
export interface Competitor {
  readonly said: z.output<typeof said>
  /** Trains for a while; images a second. */
  runRound(): Promise<number>
  stop(): Promise<void>
}

/** One of our engines, or `tfjs-cpu`. */
export async function startEngine(
  name: string,
  { network, batch, env }: { network: string; batch: number; env: NodeJS.ProcessEnv },
): Promise<Competitor> {
  const contender = await startContender(contenderFile, { args: [name, network, String(batch)], env, said })
  return {
    said: contender.said,
    async runRound() {
      const message = once(contender.process, 'message')
      contender.process.send('round')
      return round.parse((await message)[0]).imagesPerSecond
    },
    stop: () => contender.stop(),
  }
}

/** A competitor that is not there. */
export function absent(reason: string): Competitor {
  return { said: { missing: reason }, runRound: async () => Number.NaN, stop: async () => {} }
}

/**
 * A program that says what it is in a line of JSON, and then answers each line with another. One that ends early
 * counts as missing.
 */
export async function startProgram(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Competitor> {
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] })
  let errors = ''
  child.stderr.on('data', chunk => {
    errors = `${errors}${chunk}`.slice(-4000)
  })
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const first = await answers.next()
  if (first.done) return absent(await describeEnd(child, errors))
  return {
    said: said.parse(JSON.parse(first.value)),
    async runRound() {
      child.stdin.write('round\n')
      const answer = await answers.next()
      if (answer.done) throw new Error(`${command} ${args.join(' ')}: ${await describeEnd(child, errors)}`)
      return round.parse(JSON.parse(answer.value)).imagesPerSecond
    },
    async stop() {
      const ended = isOver(child) ? undefined : once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}

async function describeEnd(child: ChildProcess, errors: string): Promise<string> {
  if (!isOver(child)) await once(child, 'exit')
  const end = child.signalCode ?? `exit code ${child.exitCode}`
  return `it ended (${end}): ${errors.trim().split('\n').at(-1) ?? ''}`
}

function isOver({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}
