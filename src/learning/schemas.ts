import { z } from 'zod'

const id = z.string().min(1).max(200)
export const courseArgs = z.strictObject({ courseId: id })
export const lessonArgs = z.strictObject({ lessonId: id })
export const courseParams = z.strictObject({ slug: id })
export const lessonParams = z.strictObject({ id })

export const progressList = z.object({
  items: z.array(
    z.object({
      courseId: z.string(),
      enrolledAt: z.date(),
      progress: z.object({
        lessonsRead: z.int(),
        lessonCount: z.int(),
        quizzesPassed: z.int(),
        quizCount: z.int(),
        share: z.number().describe('From 0 to 1.'),
      }),
    }),
  ),
})
