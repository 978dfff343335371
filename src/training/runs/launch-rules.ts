import type { FoundLab, StudentRuns } from '../../catalog/contract.js'
import type { MachineClass } from '../../generated/prisma/enums.js'
import type { Actor, SignedInActor } from '../../identity/contract.js'
import type { Transaction } from '../../platform/database.js'
import type { Dependencies } from '../../platform/dependencies.js'
import { LyceumError, notFound } from '../../platform/errors.js'
import { budgetSpent, gpuClosed, labClosed, labNotEnrolled, labRequired } from '../errors.js'
import { requireRunEditor } from '../policy.js'
import { machineClassOf } from '../queue/queue-names.js'
import { readDayEnd, readSpending } from '../queue/read-spending.js'
import {
  nothingSpent,
  type Spending,
  type StudentBudget,
  type StudentPlace,
  secondsLeft,
  studentKey,
} from '../queue/student-budget.js'
import { trainingSpec } from '../spec/training-spec.js'
import type { LaunchBudget, LaunchView } from './launch-view.js'
import type { LabFinder } from './run-launch.js'

/** What training asks of learning. */
export interface Enrolments {
  isEnrolled(userId: string, courseId: string): Promise<boolean>
  findEnrolled(actor: Actor, courseIds: readonly string[]): Promise<ReadonlySet<string>>
}

export type LaunchRules = ReturnType<typeof createLaunchRules>

/** Who may launch what: instructors anything, students the labs that a course of theirs lets them. */
export function createLaunchRules(
  { database }: Pick<Dependencies, 'database'>,
  catalog: LabFinder,
  enrolments: Enrolments,
) {
  return { requireLaunch, findLaunches }

  /**
   * The budget of a student's launch of this lab; null where the user needs none.
   *
   * @throws RUN_LAB_REQUIRED, NOT_FOUND, RUN_LAB_CLOSED, RUN_NOT_ENROLLED
   */
  async function requireLaunch(user: SignedInActor, labId: string | null): Promise<StudentBudget | null> {
    if (user.role !== 'STUDENT') return null
    if (labId === null) throw labRequired()
    const found = await catalog.findLab(user, labId)
    if (found === undefined) throw notFound('lab')
    return toBudget(requireOpenLab(found, await enrolments.isEnrolled(user.userId, found.courseId)))
  }

  /**
   * Whether the actor may launch these labs now; undefined for a lab that the actor may not see. A fixed number of
   * statements for all of them.
   *
   * @throws SCOPE_REQUIRED
   */
  async function findLaunches(
    actor: Actor,
    labIds: readonly string[],
  ): Promise<Array<LaunchView | undefined>> {
    const labs = await Promise.all(labIds.map(id => catalog.findLab(actor, id)))
    const refusal = refusalOf(() => requireRunEditor(actor))
    if (refusal !== null || actor.kind === 'anonymous' || actor.role !== 'STUDENT') {
      return labs.map(lab => lab && toView(refusal, null))
    }
    const courseIds = [...new Set(labs.flatMap(lab => (lab?.studentRuns ? [lab.courseId] : [])))]
    const enrolled = await enrolments.findEnrolled(actor, courseIds)
    const ownerId = actor.userId
    const spent = await readSpending(
      database,
      [...enrolled].map(courseId => ({ ownerId, courseId })),
    )
    const resetsAt = await readDayEnd(database)
    return labs.map(lab => lab && view(lab))

    function view(lab: FoundLab): LaunchView {
      const isEnrolled = enrolled.has(lab.courseId)
      const refusal = refusalOf(() => requireOpenLab(lab, isEnrolled))
      if (refusal !== null || lab.studentRuns === null) return toView(refusal, null)
      const spending = spent.get(studentKey({ ownerId, courseId: lab.courseId })) ?? nothingSpent
      const budget = toBudget(lab.studentRuns)
      const machineClass = machineClassOf(trainingSpec.parse(lab.lab.spec))
      return toView(
        refusalOf(() => requireSeconds(budget, spending, machineClass, resetsAt)),
        describeBudget(budget, spending, resetsAt),
      )
    }
  }
}

/** @throws RUN_GPU_CLOSED, and RUN_BUDGET_SPENT where nothing is left of the student's day */
export async function requireBudget(
  database: Transaction,
  place: StudentPlace,
  budget: StudentBudget,
  machineClass: MachineClass,
): Promise<void> {
  const spending = (await readSpending(database, [place])).get(studentKey(place)) ?? nothingSpent
  requireSeconds(budget, spending, machineClass, await readDayEnd(database))
}

function requireSeconds(
  budget: StudentBudget,
  spending: Spending,
  machineClass: MachineClass,
  resetsAt: Date,
) {
  if (machineClass === 'GPU' && budget.budgetGpuSeconds === 0) throw gpuClosed()
  if (secondsLeft(budget, spending, machineClass) === 0) throw budgetSpent(machineClass, resetsAt)
}

function requireOpenLab({ studentRuns, courseId }: FoundLab, isEnrolled: boolean): StudentRuns {
  if (studentRuns === null) throw labClosed()
  if (!isEnrolled) throw labNotEnrolled(courseId)
  return studentRuns
}

function toBudget({ secondsPerDay, gpuSecondsPerDay }: StudentRuns): StudentBudget {
  return { budgetSeconds: secondsPerDay, budgetGpuSeconds: gpuSecondsPerDay }
}

function describeBudget(budget: StudentBudget, spending: Spending, resetsAt: Date): LaunchBudget {
  return {
    secondsPerDay: budget.budgetSeconds,
    secondsLeft: secondsLeft(budget, spending, 'CPU'),
    gpuSecondsPerDay: budget.budgetGpuSeconds,
    gpuSecondsLeft: secondsLeft(budget, spending, 'GPU'),
    resetsAt,
  }
}

function toView(refusal: LyceumError | null, budget: LaunchBudget | null): LaunchView {
  return {
    mayLaunch: refusal === null,
    refusal: refusal && { code: refusal.code, message: refusal.message },
    budget,
  }
}

/** What a launch would be refused with. */
function refusalOf(require: () => unknown): LyceumError | null {
  try {
    require()
    return null
  } catch (error) {
    if (error instanceof LyceumError) return error
    throw error
  }
}
