import t from 'tap'
import { assignTags, jobPriority, type WaitingRun } from '../../../src/training/queue/fair-share.js'

type Run = Omit<WaitingRun, 'tag'> & { tag: number | null }

/** A queue without limits, whose worker takes the job of the lowest priority, the oldest of equal ones. */
class Simulation {
  virtualTime = 0
  readonly finished = new Map<string, number>()
  readonly waiting: Run[] = []
  #launched = 0

  launch(ownerId: string, count = 1, priority: WaitingRun['priority'] = 'NORMAL') {
    for (let i = 0; i < count; i++) {
      const id = String(this.#launched++).padStart(6, '0')
      this.waiting.push({ id, ownerId, priority, tag: null })
    }
    this.#assign()
  }

  cancelAll(ownerId: string) {
    const left = this.waiting.filter(run => run.ownerId !== ownerId)
    this.waiting.splice(0, this.waiting.length, ...left)
  }

  #assign() {
    const tags = assignTags(this.virtualTime, this.finished, this.waiting)
    for (const run of this.waiting) run.tag = tags.get(run.id) ?? null
  }

  /** The owner of the run that is taken next. */
  take(): string | undefined {
    const priorityOf = (run: Run) => jobPriority(run.tag, 0)
    const order = [...this.waiting].sort((a, b) => priorityOf(a) - priorityOf(b) || (a.id < b.id ? -1 : 1))
    const [next] = order
    if (next === undefined) return undefined
    this.waiting.splice(this.waiting.indexOf(next), 1)
    if (next.tag !== null) {
      this.virtualTime = Math.max(this.virtualTime, next.tag)
      this.finished.set(next.ownerId, next.tag + 1)
    }
    this.#assign()
    return next.ownerId
  }

  takeAll(count = Number.POSITIVE_INFINITY): string[] {
    const taken: string[] = []
    for (let owner = this.take(); owner !== undefined; owner = this.take()) {
      taken.push(owner)
      if (taken.length >= count) break
    }
    return taken
  }
}

t.test('one who queues fifty runs does not hold up a class of thirty', async t => {
  const queue = new Simulation()
  queue.launch('eager', 50)
  t.strictSame(queue.takeAll(5), ['eager', 'eager', 'eager', 'eager', 'eager'], 'alone, all is theirs')
  const pupils = Array.from({ length: 30 }, (_, i) => `pupil-${i}`)
  for (const pupil of pupils) queue.launch(pupil)
  const first = queue.takeAll(32)
  for (const pupil of pupils) t.ok(first.includes(pupil), `${pupil} is among the first 32`)
  t.equal(queue.takeAll().length, 50 - 5 - 2, 'and nobody is forgotten')
})

t.test('owners whose runs never end take turns, whoever came first', async t => {
  const queue = new Simulation()
  for (const owner of ['a', 'b', 'c']) queue.launch(owner, 20)
  const taken = queue.takeAll(30)
  for (const owner of ['a', 'b', 'c']) t.equal(taken.filter(one => one === owner).length, 10)
  // The bound of start-time fair queueing: never more than one run apart, at any moment.
  for (let i = 1; i <= 30; i++) {
    const counts = ['a', 'b', 'c'].map(owner => taken.slice(0, i).filter(one => one === owner).length)
    t.ok(Math.max(...counts) - Math.min(...counts) <= 1, `after ${i}`)
  }
})

t.test('who was away saves nothing up, and owes nothing', async t => {
  const queue = new Simulation()
  queue.launch('here', 40)
  queue.takeAll(20)
  queue.launch('back', 10)
  const taken = queue.takeAll(10)
  t.ok(Math.abs(taken.filter(one => one === 'back').length - 5) <= 1)
})

t.test('a run that is cancelled before it was taken costs its owner nothing', async t => {
  const queue = new Simulation()
  queue.launch('other', 10)
  queue.launch('fickle', 40)
  queue.cancelAll('fickle')
  queue.launch('fickle')
  t.ok(queue.takeAll(3).includes('fickle'))
})

t.test('a priority moves a run among those of its owner alone', async t => {
  const tagsOf = (priority: WaitingRun['priority']) => {
    const waiting: WaitingRun[] = [
      { id: '1', ownerId: 'a', priority: 'NORMAL', tag: 3 },
      { id: '2', ownerId: 'a', priority: 'LOW', tag: 4 },
      { id: '3', ownerId: 'b', priority: 'NORMAL', tag: 3 },
      { id: '4', ownerId: 'a', priority, tag: null },
    ]
    return Object.fromEntries(assignTags(2, new Map(), waiting))
  }
  t.strictSame(tagsOf('HIGH'), { 4: 3, 1: 4, 2: 5, 3: 3 })
  t.strictSame(tagsOf('NORMAL'), { 1: 3, 4: 4, 2: 5, 3: 3 })
  t.strictSame(tagsOf('URGENT'), { 4: null, 1: 3, 2: 4, 3: 3 }, 'an urgent one takes nobody their turn')
})

t.test('priorities are those that BullMQ takes, the urgent first', async t => {
  t.equal(jobPriority(null, 7), 1)
  t.equal(jobPriority(7, 7), 2)
  t.equal(jobPriority(6, 7), 2)
  t.equal(jobPriority(10 ** 9, 0), 2 ** 21 - 1)
})
