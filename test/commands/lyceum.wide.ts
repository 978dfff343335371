import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { hostname } from 'node:os'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { describeEngines } from '../../src/commands/engines.js'
import { createIdentityService } from '../../src/identity/identity-service.js'
import { openDatabase } from '../../src/platform/database.js'
import { type TriedEngine, works } from '../../src/training/contract.js'
import { createCourseFiles, writeCourse } from '../catalog/course-files.js'
import { cloneDatabase } from '../support/postgres.js'
import { runLyceum, startLyceum } from '../support/processes.js'

const commands = [
  'up',
  'server',
  'worker',
  'engines',
  'migrate',
  'import',
  'user',
  'user create',
  'user password',
]
const password = 'a-database-password'

t.test('the command line', async t => {
  const { url, drop } = await cloneDatabase()
  const home = t.testdir()
  const env = { DATABASE_URL: url, LYCEUM_HOME: home, PORT: '0' }
  const database = openDatabase(url, { connections: 2 })
  t.teardown(async () => {
    await database.$disconnect()
    await drop()
  })
  /** Expects that a command ends with 1 and one line, in which no password stands. */
  const refused = async (t: Test, args: string[], more: Record<string, string | undefined>, line: RegExp) => {
    const { code, stderr } = await runLyceum(args, { ...env, LYCEUM_LOG_LEVEL: 'silent', ...more })
    t.match(stderr, line)
    t.strictSame([code, stderr.trim().split('\n').length], [1, 1], stderr)
    t.notMatch(stderr, password)
  }

  t.test('explains itself and each command, without asking for anything', async t => {
    const helps = await Promise.all(
      ['', ...commands].map(command => runLyceum([...command.split(' ').filter(Boolean), '--help'])),
    )
    for (const [index, { code, stdout, stderr }] of helps.entries()) {
      const command = ['lyceum', commands[index - 1]].filter(Boolean).join(' ')
      t.strictSame([code, stderr], [0, ''])
      t.match(stdout, new RegExp(`^Usage: ${command} \\[options\\]`))
    }
    for (const command of commands) t.match(helps[0]?.stdout, new RegExp(`^  ${command.split(' ')[0]}`, 'm'))
    const { code, stderr } = await runLyceum(['nonsense'])
    t.equal(code, 1)
    t.match(stderr, /unknown command 'nonsense'[\s\S]*Usage: lyceum/)
  })

  t.test('lists what this machine can train with, and why not with the rest', async t => {
    const { code, stdout } = await runLyceum(['engines', '--json'], { ...env, LYCEUM_TENSORFLOW: home })
    t.equal(code, 0)
    const engines: TriedEngine[] = JSON.parse(stdout).engines
    t.strictSame(engines.map(({ engine }) => engine).sort(), ['tensorflow', 'wasm', 'webgpu'])
    t.match(engines.filter(works), [{ engine: 'wasm', device: /WebAssembly/, imagesPerSecond: /^[1-9]/ }])
    t.match(
      engines.find(({ engine }) => engine === 'tensorflow'),
      { reason: /engine:tensorflow/ },
    )
    const table = describeEngines(engines).split('\n')
    t.match(table[0], /^engine {2,}images\/s {2}device {2,}version$/)
    t.match(table[1], /^wasm {2,}[\d,]+ {2}CPU \(WebAssembly/)
    t.ok(table.some(line => line.startsWith('refused: tensorflow: ')))
  })

  t.test('creates a user with a password from standard input', async t => {
    const create = (email: string, input: string, ...options: string[]) =>
      runLyceum(['user', 'create', email, '--name', 'Ada', ...options], env, input)
    const made = await create('Ada@Lyceum.Test', 'a good password\nanother line\n', '--role', 'admin')
    t.match(made, { code: 0, stdout: 'Created admin Ada@Lyceum.Test.\n', stderr: '' })
    t.match(await database.user.findMany(), [{ email: 'ada@lyceum.test', role: 'ADMIN', name: 'Ada' }])
    const [weak, taken, address, role, nothing] = await Promise.all([
      create('bob@lyceum.test', 'short\n'),
      create('ada@lyceum.test', 'a good password\n'),
      create('bob at lyceum', 'a good password\n'),
      create('bob@lyceum.test', 'a good password\n', '--role', 'king'),
      create('bob@lyceum.test', ''),
    ])
    t.match(weak, { code: 1, stderr: /^lyceum: password: must have at least 12 characters\n$/ })
    t.match(taken, {
      code: 1,
      stderr: /^lyceum: There is a user with the e-mail address ada@lyceum.test already/,
    })
    t.match(address, { code: 1, stderr: /^lyceum: email: must be an e-mail address\n$/ })
    t.match(role, { code: 1, stderr: /student, instructor, admin/ })
    t.match(nothing, { code: 1, stderr: /^lyceum: password: must have at least 12 characters/ })
    t.equal(await database.user.count(), 1)
  })

  t.test('gives a user another password, and ends their tokens', async t => {
    const { id: userId } = await database.user.findUniqueOrThrow({ where: { email: 'ada@lyceum.test' } })
    const identity = createIdentityService(database)
    const { secret } = await identity.signIn({ email: 'ada@lyceum.test', password: 'a good password' })
    const set = (email: string, input: string) => runLyceum(['user', 'password', email], env, input)
    t.match(await set('Ada@Lyceum.Test', 'a better password\n'), { code: 0, stderr: '' })
    t.equal(await identity.authenticate(secret), undefined)
    await t.rejects(identity.signIn({ email: 'ada@lyceum.test', password: 'a good password' }))
    const again = await identity.signIn({ email: 'ada@lyceum.test', password: 'a better password' })
    t.equal(again.user.id, userId)
    t.match(await set('nobody@lyceum.test', 'a better password\n'), {
      code: 1,
      stderr: 'lyceum: There is no such user.\n',
    })
    t.match(await set('ada@lyceum.test', 'short\n'), {
      code: 1,
      stderr: /^lyceum: password: must have at least 12/,
    })
  })

  t.test('says whether a worker of this machine lives', async t => {
    const health = () => runLyceum(['worker', '--health'], env)
    const dead = {
      code: 1,
      stderr: `lyceum: No worker of ${hostname()} has said in the last 10 s that it lives.\n`,
    }
    t.match(await health(), dead)
    const long = new Date(Date.now() - 60_000)
    const nodes = [
      { id: 'elsewhere', hostname: `not-${hostname()}`, engines: [] },
      { id: 'silent', hostname: hostname(), engines: [], heartbeatAt: long },
    ]
    await database.workerNode.createMany({ data: nodes })
    t.match(await health(), dead, 'neither one of another machine nor one that has fallen silent')
    const worker = await startLyceum(t, ['worker'], env)
    t.strictSame(await health(), { code: 0, stdout: '', stderr: '' })
    t.equal(await worker.stop(), 0)
    t.match(await health(), dead, 'one that was stopped says that it is gone')
  })

  t.test('imports courses, and nothing of one that is broken', async t => {
    const files = createCourseFiles(t)
    writeCourse(files)
    files.edit('tea/brewing/quiz.yaml', '        correct: true\n', '')
    const broken = await runLyceum(['import', files.root, '--publish'], env)
    t.match(broken, { code: 1, stdout: '' })
    t.match(broken.stderr, /^ {2}tea\/brewing\/quiz\.yaml:\d+: \S/m)
    t.strictSame([await database.course.count(), await database.lessonRevision.count()], [0, 0])
    writeCourse(files)
    await refused(
      t,
      ['import', files.root, '--owner', 'nobody@lyceum.test'],
      {},
      /There is no instructor or admin/,
    )
    await refused(t, ['import', files.at('nowhere')], {}, /There is no course in .*nowhere/)
    const made = await runLyceum(['import', files.root, '--publish', '--owner', 'ada@lyceum.test'], env)
    t.match(made, { code: 0, stdout: 'tea: created (lessons: 2 new)\n' })
    t.match(await database.course.findMany(), [{ id: 'tea', state: 'PUBLISHED', ownerId: /./ }])
    t.match(await runLyceum(['import', files.root], env), { code: 0, stdout: 'tea: unchanged\n' })
  })

  t.test('says in one line which database is missing or wrong, and never its password', async t => {
    const on = (change: (wrong: URL) => void) => {
      const wrong = new URL(url)
      wrong.password = password
      change(wrong)
      return { DATABASE_URL: wrong.toString() }
    }
    const none = { DATABASE_URL: undefined }
    const closed = on(wrong => {
      wrong.port = '1'
    })
    const secret = on(() => {})
    const missing = { DATABASE_URL: url.replace(/\/test_\w+$/, '/nothing') }
    const empty = { DATABASE_URL: url.replace(/\/test_\w+$/, '/postgres') }
    const mysql = { DATABASE_URL: `mysql://root:${password}@localhost/lyceum` }
    await Promise.all([
      refused(t, ['server'], none, /^lyceum: Name a database in DATABASE_URL, or use 'lyceum up'/),
      refused(t, ['worker'], none, /^lyceum: Name a database in DATABASE_URL/),
      ...['server', 'worker', 'up'].map(command =>
        refused(
          t,
          [command],
          closed,
          /PostgreSQL at 127\.0\.0\.1:1 does not answer \(nothing listens there\)/,
        ),
      ),
      refused(t, ['server'], secret, /PostgreSQL at .* refuses the user 'lyceum' or the password/),
      refused(t, ['server'], missing, /There is no database 'nothing' at .*'lyceum migrate' creates it/),
      refused(t, ['worker'], empty, /The database lacks \d+ migration\(s\): run 'lyceum migrate' first/),
    ])
    const { code, stderr } = await runLyceum(['server'], { ...env, ...mysql })
    t.equal(code, 1)
    t.match(stderr, /DATABASE_URL: must be a URL that starts with postgres/)
    t.notMatch(stderr, password)
  })

  t.test('says that Redis does not answer', async t => {
    const redis = { REDIS_URL: `redis://:${password}@127.0.0.1:1` }
    const line = /Redis at 127\.0\.0\.1:1 does not answer .*correct REDIS_URL/
    await Promise.all([refused(t, ['server'], redis, line), refused(t, ['worker'], redis, line)])
  })

  t.test('says that a port is in use, or an address not of this machine', async t => {
    const listener = createServer().listen(0, '127.0.0.1')
    await once(listener, 'listening')
    t.teardown(() => listener.close())
    const address = listener.address()
    const port = `${typeof address === 'object' ? address?.port : ''}`
    const line = new RegExp(`Port ${port} is in use: stop what uses it, or choose another`)
    await Promise.all([
      refused(t, ['server'], { PORT: port }, line),
      refused(t, ['up'], { PORT: port }, line),
      refused(t, ['server'], { HOST: '192.0.2.1' }, /HOST names '192\.0\.2\.1', which is no address/),
    ])
  })

  // Only on Linux can one who is not root have a small disk.
  const small = ['--user', '--map-root-user', '--mount']
  const canMount = spawnSync('unshare', [...small, 'mount', '-t', 'tmpfs', 'tmpfs', home]).status === 0
  const skip = canMount ? false : 'no small disk can be made on this machine'
  t.test('says that the disk is full, whichever step it was that filled it', { skip }, async t => {
    const lyceumFile = fileURLToPath(new URL('../../src/lyceum.js', import.meta.url))
    // 8 MiB do not hold an empty cluster, 40 MiB not the migrations.
    for (const size of ['8m', '40m']) {
      const script = `mount -t tmpfs -o size=${size} tmpfs "$0" && exec "$1" "$2" up`
      const child = spawn('unshare', [...small, 'sh', '-c', script, home, process.execPath, lyceumFile], {
        env: { PATH: process.env.PATH, LYCEUM_HOME: home, PORT: '0' },
      })
      const exit = once(child, 'exit')
      t.match(await text(child.stderr), /^lyceum: .*the disk is full.*space and start again/im)
      t.strictSame(await exit, [1, null])
    }
  })
})
