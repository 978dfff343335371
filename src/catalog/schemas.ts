import { z } from 'zod'
import { courseStates } from './contract.js'

export const slug = z.string().min(1).max(100)

export const setCourseStateInput = z.strictObject({
  course: z.string().min(1).max(100),
  state: z.enum(courseStates),
})
