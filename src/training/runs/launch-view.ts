import { z } from 'zod'

const launchBudget = z.object({
  secondsPerDay: z.number().describe('Of all your runs of the labs of the course.'),
  secondsLeft: z.number(),
  gpuSecondsPerDay: z.number().describe('Of those that ask for a GPU; they count among all.'),
  gpuSecondsLeft: z.number(),
  resetsAt: z.date().describe('When the day (UTC) ends, and all of it is there again.'),
})
export type LaunchBudget = z.output<typeof launchBudget>

/** Whether somebody may launch a lab, as both faces show it. */
export const launchBody = z.object({
  mayLaunch: z.boolean(),
  refusal: z
    .object({ code: z.string(), message: z.string() })
    .nullable()
    .describe('The error that a launch would be answered with now; null where you may launch.'),
  budget: launchBudget
    .nullable()
    .describe('What the course gives you as its student; null where no budget bounds you.'),
})
export type LaunchView = z.output<typeof launchBody>
