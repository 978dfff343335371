import { createHash } from 'node:crypto'
import { S3Client } from '@aws-sdk/client-s3'
import type { S3Settings } from './s3-settings.js'

/** A client that gives up within minutes at the worst, and asks for nothing that only AWS's own S3 knows. */
export function createS3Client({ endpoint, region, pathStyle, credentials }: S3Settings): S3Client {
  const client = new S3Client({
    region,
    forcePathStyle: pathStyle,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials ? { credentials } : {}),
    // Waits of up to 0.1, 0.2, 0.4 and 0.8 s between them.
    maxAttempts: 5,
    requestHandler: {
      connectionTimeout: 5_000,
      // Until the answer begins: a part of an upload is 5 MiB.
      requestTimeout: 60_000,
      throwOnRequestTimeout: true,
      // Nothing comes any more, or whoever reads has stopped to.
      socketTimeout: 120_000,
    },
    // Other stores refuse the checksums that AWS's S3 has taken since 2024, where none is asked for.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
  digestDeletions(client)
  return client
}

/** The one request that needs a checksum: many stores know only the older one, which AWS takes too. */
function digestDeletions(client: S3Client) {
  client.middlewareStack.add(
    (next, context) => async args => {
      if (context.commandName === 'DeleteObjectsCommand' && isRequest(args.request)) {
        const { headers, body } = args.request
        for (const name of Object.keys(headers)) {
          if (/^x-amz-(sdk-)?checksum-/i.test(name)) delete headers[name]
        }
        headers['content-md5'] = createHash('md5').update(body).digest('base64')
      }
      return next(args)
    },
    { name: 'digestDeletions', step: 'build', priority: 'low' },
  )
}

function isRequest(request: unknown): request is { headers: Record<string, string>; body: string } {
  return typeof request === 'object' && request !== null && 'headers' in request && 'body' in request
}
