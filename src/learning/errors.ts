import { defineError } from '../platform/errors.js'

export const courseNotOpen = defineError(
  'COURSE_NOT_OPEN',
  409,
  () => 'This course takes no enrolments: only a published course does.',
)

export const enrolmentRequired = defineError('ENROLMENT_REQUIRED', 403, (courseId: string) => ({
  message: 'Only who is enrolled in the course may do this: enrol first.',
  details: { courseId },
}))
