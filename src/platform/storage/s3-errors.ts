import { S3ServiceException } from '@aws-sdk/client-s3'
import { describeReason } from '../connect.js'
import type { S3Settings } from './s3-settings.js'

/** The server's own name of what was wrong, such as `NoSuchKey`; undefined where it gave no answer. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof S3ServiceException ? error.name : undefined
}

/**
 * What a request came to, in one line. The error as it came is not kept: it carries request and answer, which hold what
 * is not for a log.
 */
export function describeS3Error({ bucket, ...settings }: S3Settings, error: unknown): Error {
  const reason = error instanceof S3ServiceException ? answerOf(error) : describeReason(error)
  return new Error(`The storage in bucket '${bucket}' at ${hostOf(settings)} failed: ${reason}`)
}

/** Why the storage can't be used at all, and what to do about it. */
export function describeS3Refusal(settings: S3Settings, error: unknown): string {
  const { bucket, credentials } = settings
  const host = hostOf(settings)
  if (error instanceof Error && error.name === 'CredentialsProviderError') {
    return 'No keys for S3 were found: set LYCEUM_S3_ACCESS_KEY_ID and LYCEUM_S3_SECRET_ACCESS_KEY.'
  }
  if (!(error instanceof S3ServiceException)) {
    const reason = describeReason(error)
    return `S3 at ${host} does not answer (${reason}): see that it runs, or correct LYCEUM_S3_ENDPOINT.`
  }
  switch (codeOf(error)) {
    case 'NoSuchBucket':
      return `There is no bucket '${bucket}' at ${host}: create it, or correct LYCEUM_STORAGE.`
    case 'PermanentRedirect':
    case 'AuthorizationHeaderMalformed':
      return `The bucket '${bucket}' is in another region (${answerOf(error)}): correct LYCEUM_S3_REGION.`
    case 'RequestTimeTooSkewed':
      return `S3 at ${host} refuses what this machine's clock says: set it right.`
  }
  if (error.$metadata.httpStatusCode === 403) {
    const keys = credentials
      ? 'LYCEUM_S3_ACCESS_KEY_ID and LYCEUM_S3_SECRET_ACCESS_KEY'
      : "this machine's AWS keys"
    return (
      `S3 at ${host} refuses the key, its secret, or what it may do with bucket '${bucket}' (${answerOf(error)}): ` +
      `correct ${keys}, or allow it to list, read, write and delete there.`
    )
  }
  return `The bucket '${bucket}' at ${host} can't be used: ${answerOf(error)}`
}

function answerOf({ name, message, $metadata }: S3ServiceException): string {
  return `${name}${message === '' || message === name ? '' : `, ${message}`}, HTTP ${$metadata.httpStatusCode}`
}

function hostOf({ endpoint, region }: Pick<S3Settings, 'endpoint' | 'region'>): string {
  return endpoint === undefined ? `AWS, ${region}` : new URL(endpoint).host
}
