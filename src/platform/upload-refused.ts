const LONGEST_REASON = 500

/** An upload is not what it should be; the message says what is wrong, where, and what to do, for whoever sent it. */
export class UploadRefused extends Error {
  override name = 'UploadRefused'

  constructor(reason: string) {
    // Names out of a zip and what libraries say of a file may hold anything, NUL among it.
    const readable = reason.replaceAll(/\p{Cc}+/gu, ' ')
    super(readable.length > LONGEST_REASON ? `${readable.slice(0, LONGEST_REASON)}…` : readable)
  }
}

/** What somebody else's code threw, as the end of a sentence. */
export function describeCause(error: unknown): string {
  return error instanceof Error ? error.message.trim().replace(/\.$/, '') : String(error)
}
