import type { TestUser } from '../../support/users.js'
import type { openUniversity } from '../university.js'

/** What the tests of insight share. */
export type Parts = Awaited<ReturnType<typeof openUniversity>> & {
  /** An instructor who owns no course and no run. */
  readonly stranger: TestUser
  readonly student: TestUser
}
