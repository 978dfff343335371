import { Readable } from 'node:stream'
import type { S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'

/** What the source of an upload threw, which is no fault of the storage. */
export class SourceError extends Error {
  constructor(readonly thrown: unknown) {
    super('The source of an upload failed', { cause: thrown })
  }
}

/**
 * Uploads what comes out of a source, four parts of 5 MiB at a time, as one object: one that is not finished is aborted.
 *
 * @throws SourceError with what the source throws
 */
export async function uploadToS3(
  client: S3Client,
  place: { Bucket: string; Key: string },
  source: AsyncIterable<Uint8Array>,
): Promise<void> {
  let failure: SourceError | undefined
  const chunks = source[Symbol.asyncIterator]()
  // No generator: into one a stream that is destroyed throws its own error, as if it were the source's.
  const watched: AsyncIterableIterator<Uint8Array> = {
    next: () =>
      chunks.next().catch(error => {
        failure = new SourceError(error)
        throw failure
      }),
    async return() {
      await chunks.return?.()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]: () => watched,
  }
  const Body = Readable.from(watched)
  try {
    await new Upload({ client, params: { ...place, Body } }).done()
  } catch (error) {
    // Also where the upload could not be aborted after it.
    throw failure ?? error
  } finally {
    // A file that is not read to its end is closed.
    Body.destroy()
  }
}
