// Generates the types of the GraphQL resolvers from the domains' SDL. They are needed to check types, not to run.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generate } from '@graphql-codegen/cli'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

await generate(
  {
    cwd: root,
    silent: true,
    schema: 'src/**/*.graphql',
    generates: {
      'src/generated/graphql.ts': {
        plugins: ['typescript', 'typescript-resolvers'],
        config: {
          contextType: '../identity/contract.js#GraphqlContext',
          useTypeImports: true,
          enumsAsTypes: true,
          emitLegacyCommonJSImports: false,
          scalars: { ID: 'string', DateTime: { input: 'Date', output: 'Date' }, JSON: 'unknown' },
        },
      },
    },
  },
  true,
)
