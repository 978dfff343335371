import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { notFound } from '../platform/errors.js'
import { figureMediaTypes } from './figure-types.js'

const assetFile = z.string().regex(/^[0-9a-f]{64}\.(svg|png)$/)

/** `/assets/<sha256>.<ext>`: figures, under the hash of their bytes, so that a cache may keep them for ever. */
export function registerAssets(app: FastifyInstance) {
  app.get<{ Params: { file: string } }>(
    '/assets/:file',
    { schema: { hide: true } },
    async (request, reply) => {
      const file = assetFile.safeParse(request.params.file)
      if (!file.success) throw notFound('figure')
      const [hash = '', extension = ''] = file.data.split('.')
      const asset = await app.deps.database.asset.findUnique({ where: { hash } })
      if (!asset || asset.mediaType !== figureMediaTypes[extension]) throw notFound('figure')
      return (
        reply
          .type(asset.mediaType)
          .header('cache-control', 'public, max-age=31536000, immutable')
          .header('etag', `"${asset.hash}"`)
          // Should anybody open an SVG by itself: it can run and load nothing.
          .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; sandbox")
          .header('x-content-type-options', 'nosniff')
          .send(Buffer.from(asset.bytes))
      )
    },
  )
}
