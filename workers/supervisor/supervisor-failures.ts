import type { FailureReport } from '../../src/training/contract.js'
import type { TrainerProcess } from './trainer-process.js'

export const misunderstood: FailureReport = {
  code: 'TRAINER_MISUNDERSTOOD',
  message: 'The training process said something that the worker does not understand.',
  hint: 'This is a fault of Lyceum; check that worker and trainer are of one version.',
  fault: 'lyceum',
}

export function specUnreadable(message: string): FailureReport {
  return {
    code: 'SPEC_UNREADABLE',
    message: `The stored spec cannot be read: ${message}`,
    hint: 'It was stored by another version of Lyceum: launch the run again.',
    fault: 'lyceum',
  }
}

export function budgetExceeded(seconds: number): FailureReport {
  return {
    code: 'BUDGET_EXCEEDED',
    message: `The run was not over after ${seconds} s: what the course gives its students was used up long before.`,
    hint: 'A step, the validation or the test takes too long: use a smaller network or fewer validation images.',
    fault: 'spec',
  }
}

/** What ends a process whose native code went wrong. */
const faults: readonly unknown[] = ['SIGFPE', 'SIGILL', 'SIGSEGV', 'SIGBUS', 'SIGABRT']

export function crash({ code, signal, error }: Awaited<TrainerProcess['gone']>): FailureReport {
  if (faults.includes(signal)) {
    return {
      code: 'ENGINE_CRASHED',
      message: `The training process was ended by ${signal}: the native library of its engine crashed.`,
      hint: "Launch the run with engine 'wasm', which has none; the worker’s log may say more.",
      fault: 'machine',
    }
  }
  if (error !== undefined || signal !== null) {
    return {
      code: 'TRAINER_KILLED',
      message: error?.message ?? `The training process was ended by ${signal}.`,
      hint: 'Most often the machine ran out of memory: use a smaller batch size or a machine with more memory.',
      fault: 'machine',
    }
  }
  return {
    code: 'TRAINER_CRASHED',
    message: `The training process ended with ${code} before the run was over.`,
    hint: 'This is a fault of Lyceum; the worker’s log has the details.',
    fault: 'lyceum',
  }
}
