import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { readConfig } from '../../src/config.js'
import { openUniversity, spec } from '../training/university.js'

const folder = 'deploy/kubernetes'
const object = z.object({
  kind: z.string(),
  metadata: z.object({ name: z.string() }),
  data: z.record(z.string(), z.string()).optional(),
  spec: z.unknown().optional(),
})
const scaled = z.object({
  scaleTargetRef: z.object({ name: z.string() }),
  triggers: z.tuple([z.object({ metadata: z.object({ query: z.string() }) })]),
})
const count = z.tuple([z.object({ count: z.bigint() })])

const objects = readdirSync(folder)
  .filter(file => file !== 'kustomization.yaml')
  .flatMap(file => parseAllDocuments(readFileSync(`${folder}/${file}`, 'utf8')))
  .map(document => object.parse(document.toJS()))
const ofKind = (kind: string) => objects.filter(object => object.kind === kind)

t.test('the manifests for Kubernetes', async t => {
  await t.test('set what Lyceum knows, to what it takes', async t => {
    const listed = [...readFileSync('docs/operations.md', 'utf8').matchAll(/^\| `([A-Z0-9_]+)` \|/gm)]
    const known = new Set(listed.map(([, name]) => name))
    const [config] = ofKind('ConfigMap')
    const settings = config?.data ?? {}
    t.strictSame(
      Object.keys(settings).filter(name => !known.has(name)),
      [],
    )
    t.match(readConfig(settings), { trustProxy: true, s3: { bucket: 'lyceum' } })
  })

  await t.test(
    'have a worker for each run that waits or trains, by class, and none for what is held',
    async t => {
      const university = await openUniversity(t, { LYCEUM_RUNS_AT_ONCE: '4' })
      const { deps, instructor, owner, launch, begin, succeed } = university
      await succeed(await launch())
      await begin(await launch())
      for (let i = 0; i < 4; i++) await launch()
      await launch(owner, { spec: { ...spec, engine: 'tensorflow-gpu' } })
      await launch(owner, { spec: { ...spec, engine: 'tensorflow-gpu' } })
      t.equal(
        await deps.database.trainingRun.count({ where: { ownerId: instructor.userId, releasedAt: null } }),
        1,
      )

      const wanted: Record<string, number> = {}
      for (const { spec } of ofKind('ScaledObject')) {
        const { scaleTargetRef, triggers } = scaled.parse(spec)
        const rows = count.parse(await deps.database.$queryRawUnsafe(triggers[0].metadata.query))
        wanted[scaleTargetRef.name] = Number(rows[0].count)
      }
      t.strictSame(wanted, { 'lyceum-worker': 4, 'lyceum-gpu-worker': 2 })
    },
  )
})
