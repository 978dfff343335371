/** The rule of the arrows: server → domains → platform, networks; workers stand beside. @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'Modules that need each other are one module.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'platform-knows-no-domain',
      severity: 'error',
      from: { path: '^src/platform/' },
      to: { path: '^src/', pathNot: '^src/(platform/|config\\.ts|generated/)' },
    },
    {
      name: 'networks-are-pure',
      severity: 'error',
      from: { path: '^src/networks/' },
      to: { pathNot: '^src/networks/|node_modules/(zod|@lezer/python)/' },
    },
    {
      name: 'domains-meet-through-contracts',
      comment:
        'A domain uses another through its contract.ts only (or the service that its plugin decorates).',
      severity: 'error',
      from: { path: '^src/(identity|catalog|learning|assessment|training)/' },
      to: {
        path: '^src/(identity|catalog|learning|assessment|training)/',
        pathNot: ['^src/$1/', '^src/[^/]+/contract\\.ts$'],
      },
    },
    {
      name: 'src-never-imports-workers',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(workers|test|bench)/' },
    },
    {
      name: 'workers-use-the-contract',
      severity: 'error',
      from: { path: '^workers/' },
      to: {
        path: '^src/',
        pathNot:
          '^src/(training/(contract|runs/(run-ledger|checkpoint-ledger|predictions)|datasets/dataset-ledger|queue/worker-ledger)\\.ts|networks/|platform/|config\\.ts)',
      },
    },
    {
      name: 'the-trainer-knows-neither-database-nor-queue',
      severity: 'error',
      from: { path: '^workers/(trainer|exporter|engines|datasets|random)/' },
      to: { path: '^src/platform/(database|queue|notifications)|node_modules/(@prisma|bullmq|ioredis|pg)/' },
    },
    {
      name: 'the-api-never-loads-tensorflow',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: 'node_modules/@tensorflow' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
    },
  },
}
