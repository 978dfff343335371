import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import '../../src/app.js'
import { declaredErrors } from '../../src/platform/errors.js'
import { packageRoot } from '../../src/platform/package-root.js'

t.test('the API guide lists every error code with its status, in order', async t => {
  const guide = readFileSync(join(packageRoot, 'docs/api.md'), 'utf8')
  const listed = [...guide.matchAll(/^\| `([A-Z_]+)` \| (\d{3}) \|/gm)].map(
    ([, code, status]) => `${code} ${status}`,
  )
  const declared = [...declaredErrors].map(([code, status]) => `${code} ${status}`)
  t.strictSame(listed, declared.sort())
})
