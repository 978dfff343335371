import { Readable } from 'node:stream'
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3'
import { createS3Client } from './s3-client.js'
import { codeOf, describeS3Error, describeS3Refusal } from './s3-errors.js'
import type { S3Settings } from './s3-settings.js'
import { SourceError, uploadToS3 } from './s3-upload.js'
import { isKey, requireKey, type Storage } from './storage.js'

interface Place {
  Bucket: string
  Key: string
}

/**
 * A storage in a bucket of S3, or of a store that speaks as S3 does.
 *
 * @throws Error with one line that says what to do, where the bucket can't be listed
 */
export async function openS3Storage(settings: S3Settings): Promise<Storage> {
  const client = createS3Client(settings)
  const { bucket: Bucket, prefix } = settings
  const root = prefix === '' ? '' : `${prefix}/`
  await client.send(new ListObjectsV2Command({ Bucket, Prefix: root, MaxKeys: 1 })).catch(error => {
    throw new Error(describeS3Refusal(settings, error))
  })
  return {
    put: async (key, bytes) => {
      await ask(key, place => client.send(new PutObjectCommand({ ...place, Body: bytes })))
    },
    write: (key, source) => ask(key, place => uploadToS3(client, place, source)),
    async read(key) {
      const bytes = await find(key, place => client.send(new GetObjectCommand(place)).then(readBody))
      if (!bytes) throw Object.assign(new Error(`There is no '${key}' in the storage`), { code: 'ENOENT' })
      return bytes
    },
    readPart,
    async open(key) {
      const found = await find(key, place => client.send(new GetObjectCommand(place)))
      return found && { size: sizeOf(found), stream: streamOf(found) }
    },
    holds: async key => (await findHead(key)) !== undefined,
    list,
    changedAt,
    deleteAll,
  }

  /** Whatever fails leaves in our words, but for what a source throws. */
  async function ask<T>(key: string, request: (place: Place) => Promise<T>): Promise<T> {
    const place = { Bucket, Key: root + requireKey(key) }
    try {
      return await request(place)
    } catch (error) {
      throw error instanceof SourceError ? error.thrown : describeS3Error(settings, error)
    }
  }

  /** @returns undefined where there is no such key */
  function find<T>(key: string, request: (place: Place) => Promise<T>): Promise<T | undefined> {
    return ask(key, place =>
      request(place).catch(error => {
        // The answer to HEAD has no body that could say more than that.
        if (['NoSuchKey', 'NotFound'].includes(codeOf(error) ?? '')) return undefined
        throw error
      }),
    )
  }

  function findHead(key: string) {
    return find(key, place => client.send(new HeadObjectCommand(place)))
  }

  async function readPart(key: string, start: number, length: number): Promise<Buffer | undefined> {
    // No range is empty, and none begins at the end.
    if (length === 0) return (await findHead(key)) && Buffer.alloc(0)
    const Range = `bytes=${start}-${start + length - 1}`
    return find(key, place =>
      client.send(new GetObjectCommand({ ...place, Range })).then(readBody, error => {
        if (codeOf(error) === 'InvalidRange') return Buffer.alloc(0)
        throw error
      }),
    )
  }

  function pagesBelow({ Key, ...place }: Place, Delimiter?: string) {
    return paginateListObjectsV2({ client, pageSize: 1000 }, { ...place, Prefix: `${Key}/`, Delimiter })
  }

  function list(prefix: string): Promise<string[]> {
    return ask(prefix, async place => {
      const names: string[] = []
      const begin = place.Key.length + 1
      for await (const { CommonPrefixes = [], Contents = [] } of pagesBelow(place, '/')) {
        for (const { Prefix = '' } of CommonPrefixes) names.push(Prefix.slice(begin, -1))
        for (const { Key = '' } of Contents) names.push(Key.slice(begin))
      }
      // Other programs mark what they take for folders.
      return names.filter(isKey)
    })
  }

  async function changedAt(prefix: string): Promise<Date | undefined> {
    let latest = (await findHead(prefix))?.LastModified
    await ask(prefix, async place => {
      for await (const { Contents = [] } of pagesBelow(place)) {
        for (const { LastModified } of Contents) {
          if (LastModified && (!latest || LastModified > latest)) latest = LastModified
        }
      }
    })
    return latest
  }

  function deleteAll(prefix: string): Promise<void> {
    return ask(prefix, async place => {
      await client.send(new DeleteObjectCommand(place))
      for await (const { Contents = [] } of pagesBelow(place)) {
        const Objects = Contents.flatMap(({ Key }) => (Key === undefined ? [] : [{ Key }]))
        if (Objects.length === 0) continue
        const { Errors = [] } = await client.send(
          new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }),
        )
        const [first] = Errors
        if (first) throw new Error(`${Errors.length} files stay, '${first.Key}' for ${first.Code}`)
      }
    })
  }
}

async function readBody(found: GetObjectCommandOutput): Promise<Buffer> {
  return Buffer.from((await found.Body?.transformToByteArray()) ?? [])
}

function streamOf({ Body }: GetObjectCommandOutput): Readable {
  if (Body instanceof Readable) return Body
  throw new Error('The answer of the storage is no stream')
}

function sizeOf({ ContentLength }: GetObjectCommandOutput): number {
  if (ContentLength !== undefined) return ContentLength
  throw new Error('The answer of the storage does not tell its length')
}
