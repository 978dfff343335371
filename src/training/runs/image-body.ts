import { z } from 'zod'
import type { RestInstance } from '../../platform/http.js'
import type { PredictionImage } from './child-protocol.js'

/** What an image to recognise may be sent as. */
export const imageTypes = ['application/json', 'image/png', 'image/jpeg']
/** A file of 4 MiB in base64, or 512 x 512 numbers. */
export const mostImageBytes = 6 * 1024 * 1024

/** What the query says of an image that is sent as a file. */
export const imageQuery = z.object({
  invert: z.stringbool().optional().describe('Of an image file: swap light and dark first.'),
})

/** The image of a body, with what the query says of it. */
export function imageOf({
  query,
  body,
}: {
  query: z.output<typeof imageQuery>
  body: { image: PredictionImage }
}): PredictionImage {
  return { ...body.image, invert: query.invert ?? body.image.invert }
}

/** Lets a scope's routes take an image file as it is: as what is said in JSON about it, so that one schema holds. */
export function takeImages(rest: RestInstance): void {
  for (const format of ['png', 'jpeg']) {
    rest.addContentTypeParser<Buffer>(`image/${format}`, { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, { image: { format, data: body.toString('base64') } }),
    )
  }
}
