// Generates the types of the GraphQL resolvers from the domains' SDL. They are needed to check types, not to run.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generate } from '@graphql-codegen/cli'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** What the resolvers of a type get as its parent, relative to the generated file. */
const mappers = {
  AccessToken: '../identity/token-service.js#AccessToken as StoredToken',
  Course: '../catalog/course-index.js#IndexedCourse',
  ImportedModel: '../training/models/model-view.js#ModelView',
  Lab: '../catalog/lesson-content.js#LabView',
  Lesson: '../catalog/course-index.js#IndexedLesson',
  Quiz: '../catalog/contract.js#ShownQuiz',
  QuizAttempt: '../assessment/schemas.js#AttemptResult',
  RunEvent: '../training/runs/run-feed.js#StoredEvent',
  TrainingRun: '../training/runs/run-view.js#RunView',
  User: '../identity/user-service.js#User as StoredUser',
}

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
          immutableTypes: true,
          // A resolver may give undefined for null; a client may send null for what it leaves out.
          maybeValue: 'T | null | undefined',
          inputMaybeValue: 'T | null | undefined',
          mappers,
          scalars: { ID: 'string', DateTime: { input: 'Date', output: 'Date' }, JSON: 'unknown' },
        },
      },
    },
  },
  true,
)
