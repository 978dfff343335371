import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UploadRefused } from '../../../src/platform/upload-refused.js'
import {
  type DecodeCommand,
  type DecoderReport,
  datasetLimits,
  decodeCommand,
  decodedFiles,
} from '../../../src/training/contract.js'
import { countClasses } from './class-names.js'
import { drawContactSheet } from './contact-sheet.js'
import { decodeUpload } from './decode-upload.js'

const memoryCheckMs = 200
const progressMs = 250

/** The child process that decodes one upload: what goes wrong in a decoder ends it and nothing else. */
process.on('disconnect', () => process.exit())
process.once('message', async message => {
  preferToBeKilled()
  watchMemory()
  try {
    end(await decode(decodeCommand.parse(message)))
  } catch (error) {
    if (error instanceof UploadRefused) return end({ kind: 'refused', reason: error.message })
    console.error(error)
    end({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })
  }
})

async function decode({ uploadFile, outputDirectory, size }: DecodeCommand): Promise<DecoderReport> {
  const decoded = await decodeUpload(uploadFile, size, tellProgress())
  const { inputShape, classNames, split, training, test } = decoded
  // As `encodeDataset` puts them together, which would hold everything twice.
  const parts = [training.pixels, training.labels, test.pixels, test.labels]
  await writeFile(join(outputDirectory, decodedFiles.images), parts)
  await writeFile(join(outputDirectory, decodedFiles.preview), await drawContactSheet(decoded))
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return {
    kind: 'decoded',
    dataset: {
      inputShape,
      classNames,
      split,
      trainingCounts: countClasses(training.labels, classNames.length),
      testCounts: countClasses(test.labels, classNames.length),
      checksum: hash.digest('hex'),
      bytes: parts.reduce((bytes, part) => bytes + part.length, 0),
    },
  }
}

function tellProgress() {
  let last = Number.NEGATIVE_INFINITY
  return (share: number) => {
    if (performance.now() - last < progressMs) return
    last = performance.now()
    send({ kind: 'progress', share })
  }
}

/** Where memory runs out, Linux is to take it from this process and from no other. */
function preferToBeKilled(): void {
  if (process.platform === 'linux') writeFile('/proc/self/oom_score_adj', '1000').catch(() => {})
}

/** Node's own limit does not count what a decoder takes. */
function watchMemory(): void {
  const { memoryBytes } = datasetLimits
  setInterval(() => {
    if (process.memoryUsage.rss() < memoryBytes) return
    const most = `${memoryBytes / 1024 ** 2} MiB`
    end({ kind: 'refused', reason: `It takes more than ${most} of memory to decode: send smaller images.` })
  }, memoryCheckMs).unref()
}

function send(report: DecoderReport): void {
  process.send?.(report, error => {
    if (error) process.exit()
  })
}

/** The last report: the process leaves when it is on its way. */
function end(report: DecoderReport): void {
  process.send?.(report, () => process.exit())
}
