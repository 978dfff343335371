import type { RestInstance } from '../../platform/http.js'

/** What an image to recognise may be sent as. */
export const imageTypes = ['application/json', 'image/png', 'image/jpeg']
/** A file of 4 MiB in base64, or 512 x 512 numbers. */
export const mostImageBytes = 6 * 1024 * 1024

/** Lets a scope's routes take an image file as it is: as what is said in JSON about it, so that one schema holds. */
export function takeImages(rest: RestInstance): void {
  for (const format of ['png', 'jpeg']) {
    rest.addContentTypeParser<Buffer>(`image/${format}`, { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, { image: { format, data: body.toString('base64') } }),
    )
  }
}
