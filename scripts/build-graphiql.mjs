// Bundles GraphiQL's page to dist/graphiql/, once for each version of its sources and packages.
import { copyFileSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { root, step } from './step.mjs'

const source = 'src/platform/graphiql/browser'
const output = 'dist/graphiql'

await step(
  {
    name: 'graphiql',
    inputs: [
      'package-lock.json',
      'scripts/build-graphiql.mjs',
      ...readdirSync(join(root, source)).map(file => `${source}/${file}`),
    ],
    product: `${output}/index.html`,
    message: 'Bundling GraphiQL …',
  },
  async () => {
    rmSync(join(root, output), { recursive: true, force: true })
    await build({
      absWorkingDir: root,
      entryPoints: {
        main: `${source}/main.tsx`,
        'editor.worker': 'monaco-editor/esm/vs/editor/editor.worker.js',
        'json.worker': 'monaco-editor/esm/vs/language/json/json.worker.js',
        'graphql.worker': 'monaco-graphql/esm/graphql.worker.js',
      },
      outdir: output,
      bundle: true,
      splitting: true,
      minify: true,
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
      jsx: 'automatic',
      define: { 'process.env.NODE_ENV': '"production"', 'process.env.USE_IMPORT': '"true"' },
      loader: { '.ttf': 'file' },
      legalComments: 'linked',
      logLevel: 'warning',
    })
    copyFileSync(join(root, source, 'index.html'), join(root, output, 'index.html'))
  },
)
