import { z } from 'zod'
import type { FoundLab } from '../../catalog/contract.js'
import type { Actor, SignedInActor } from '../../identity/contract.js'
import type { Dependencies } from '../../platform/dependencies.js'
import { notFound } from '../../platform/errors.js'
import { type Page, type PageInput, readPage, sliceOf } from '../../platform/pagination.js'
import { leaderboardOff } from '../errors.js'
import { maySeeRun, requireRunReader } from '../policy.js'
import type { LabFinder } from '../runs/run-launch.js'
import { trainingSpec } from '../spec/training-spec.js'
import type { LabRules } from './fair-runs.js'
import { type RankedRun, rankRuns } from './rank-runs.js'

/** A user's best run of a lab, as others may see it. */
export const leaderboardEntry = z.object({
  rank: z.int().describe('From 1; equal figures share the better rank.'),
  name: z.string().describe('The display name of the user.'),
  isOwn: z.boolean(),
  testAccuracy: z.number(),
  parameters: z.number().nullable(),
  seconds: z.number().nullable().describe('Of training, test included.'),
  finishedAt: z.date().nullable(),
  runId: z.string().nullable().describe('Null where you may not see the run.'),
})
export type LeaderboardEntry = z.output<typeof leaderboardEntry>

export interface Leaderboard {
  page: Page<LeaderboardEntry & { key: string }>
  totalCount: number
  /** Of the one who asks, on whatever page it is. */
  own: LeaderboardEntry | null
}

export type LeaderboardService = ReturnType<typeof createLeaderboardService>

/** All places of a lab, as the one who asks may see them. */
export interface Ranking {
  places: (LeaderboardEntry & { key: string })[]
  own: LeaderboardEntry | null
}

/** The best runs of the labs of courses that have switched leaderboards on. */
export function createLeaderboardService({ database }: Pick<Dependencies, 'database'>, catalog: LabFinder) {
  return { findRanking, getLeaderboard }

  /** Undefined where the course has none. @throws NOT_FOUND (lab), UNAUTHENTICATED, SCOPE_REQUIRED */
  async function findRanking(actor: Actor, labId: string): Promise<Ranking | undefined> {
    const user = requireRunReader(actor)
    const found = await catalog.findLab(user, labId)
    if (found === undefined) throw notFound('lab')
    if (!found.leaderboard) return undefined
    const { places, own } = await rankRuns(database, labId, await readRules(user, found), user.userId)
    return {
      places: places.map(run => ({ ...viewFor(user, found, run), key: `${run.position}`.padStart(8, '0') })),
      own: own ? viewFor(user, found, own) : null,
    }
  }

  /** As `findRanking`. @throws LEADERBOARD_OFF, INVALID_INPUT too */
  async function getLeaderboard(actor: Actor, labId: string, input: PageInput): Promise<Leaderboard> {
    const ranking = await findRanking(actor, labId)
    if (ranking === undefined) throw leaderboardOff()
    return pageRanking(ranking, input)
  }

  async function readRules(user: SignedInActor, { lab }: FoundLab): Promise<LabRules> {
    const spec = trainingSpec.parse(lab.spec)
    const labId = spec.from?.labId
    const source = labId === undefined ? undefined : await catalog.findLab(user, labId)
    return { spec, source: source && { labId: source.lab.id, spec: trainingSpec.parse(source.lab.spec) } }
  }
}

/** @throws INVALID_INPUT */
export async function pageRanking({ places, own }: Ranking, input: PageInput): Promise<Leaderboard> {
  const keyOf = ({ key }: (typeof places)[number]) => key
  const page = await readPage(input, {
    key: z.string().regex(/^\d{8}$/),
    order: 'asc',
    keyOf,
    read: async slice => sliceOf(places, keyOf, slice),
  })
  return { page, totalCount: places.length, own }
}

function viewFor(
  user: SignedInActor,
  { courseOwnerId }: FoundLab,
  { rank, name, ownerId, runId, ...figures }: RankedRun,
): LeaderboardEntry {
  const { testAccuracy, parameters, seconds, finishedAt } = figures
  const isOwn = ownerId === user.userId
  const isVisible = maySeeRun(user, { ownerId, courseOwnerId })
  return {
    ...{ rank, name, isOwn, testAccuracy, parameters, seconds, finishedAt },
    runId: isVisible ? runId : null,
  }
}
