import { type ChildCommand, type ChildReport, childReport } from '../../src/training/contract.js'
import { type ChildProgram, startChild } from './child-process.js'

export type TrainerProcess = ChildProgram<ChildCommand>

/**
 * Starts the trainer in a process of its own.
 *
 * @param onReport is given undefined for a message that is no report
 * @param env what the engine's library reads when it is loaded: see `engineEnvironment`
 */
export function startTrainer(
  file: string,
  onReport: (report: ChildReport | undefined) => void,
  env: NodeJS.ProcessEnv = process.env,
): TrainerProcess {
  return startChild(file, { reports: childReport, onReport, env })
}
