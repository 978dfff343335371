import { z } from 'zod'

/** Where a storage in S3 lies, and who asks. */
export interface S3Settings {
  readonly bucket: string
  /** What each key begins with, up to a slash; empty where the whole bucket is the storage's. */
  readonly prefix: string
  /** Undefined: AWS's own for the region. */
  readonly endpoint: string | undefined
  readonly region: string
  /** Whether the bucket is named in the path of an address, and not in its host. */
  readonly pathStyle: boolean
  /** Undefined: whatever the machine or the user's AWS profile gives. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined
}

/** The part of the environment that tells of the storage. */
interface Environment {
  LYCEUM_STORAGE?: string | undefined
  LYCEUM_S3_ENDPOINT?: string | undefined
  LYCEUM_S3_REGION?: string | undefined
  LYCEUM_S3_ACCESS_KEY_ID?: string | undefined
  LYCEUM_S3_SECRET_ACCESS_KEY?: string | undefined
  LYCEUM_S3_PATH_STYLE?: boolean | undefined
}

/** The prefix is made of what keys in a storage are made of. */
const bucketUrl = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:\/[A-Za-z0-9][A-Za-z0-9._-]*)*)\/?$/
const anyUrl = /^[a-z0-9+.-]+:\/\//i

/** A folder, or `s3://bucket/prefix`. */
export const storagePlace = z
  .string()
  .min(1)
  .refine(text => !anyUrl.test(text) || bucketUrl.test(text), {
    message: 'must be a folder, or a bucket and perhaps a prefix as in s3://bucket/prefix',
  })

/** What is wrong with the settings together, by the name of the setting. */
export function findS3Problem(env: Environment): { name: string; message: string } | undefined {
  if ((env.LYCEUM_S3_ACCESS_KEY_ID === undefined) !== (env.LYCEUM_S3_SECRET_ACCESS_KEY === undefined)) {
    const message = 'goes with LYCEUM_S3_SECRET_ACCESS_KEY: set both or neither'
    return { name: 'LYCEUM_S3_ACCESS_KEY_ID', message }
  }
  const name = Object.keys(env).find(name => name.startsWith('LYCEUM_S3_'))
  if (name === undefined || readS3Settings(env)) return undefined
  return { name, message: 'is of a storage in S3: name its bucket in LYCEUM_STORAGE, as in s3://bucket' }
}

/** Undefined where the storage is a folder. */
export function readS3Settings(env: Environment): S3Settings | undefined {
  const [, bucket, path = ''] = bucketUrl.exec(env.LYCEUM_STORAGE ?? '') ?? []
  if (bucket === undefined) return undefined
  const { LYCEUM_S3_ACCESS_KEY_ID: accessKeyId, LYCEUM_S3_SECRET_ACCESS_KEY: secretAccessKey } = env
  return {
    bucket,
    prefix: path.slice(1),
    endpoint: env.LYCEUM_S3_ENDPOINT,
    region: env.LYCEUM_S3_REGION ?? 'us-east-1',
    pathStyle: env.LYCEUM_S3_PATH_STYLE ?? env.LYCEUM_S3_ENDPOINT !== undefined,
    credentials: accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined,
  }
}
