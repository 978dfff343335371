import { setTimeout as sleep } from 'node:timers/promises'
import { decodeCommand } from '../../src/training/contract.js'

/** Takes the decoder's place in tests of its supervisor: the name of the upload says what it does. */
process.once('message', async message => {
  const { uploadFile } = decodeCommand.parse(message)
  process.send?.({ kind: 'progress', share: 0.25 })
  if (uploadFile === 'exits') process.exit(7)
  if (uploadFile === 'babbles') process.send?.({ kind: 'babble' })
  if (uploadFile === 'fails') process.send?.({ kind: 'failed', message: 'the disk is full' })
  await sleep(60_000)
})
