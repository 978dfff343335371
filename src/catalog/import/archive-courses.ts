import type { Transaction } from '../../platform/database.js'
import { notifySql } from '../../platform/notifications.js'
import { type CourseImport, lockCatalog } from './store-course.js'

/**
 * Archives the courses that were imported from a folder of courses and are not in it any more. Their state stays as
 * their owners set it: when the files come back, so does the course as it was.
 */
export async function archiveVanishedCourses(
  tx: Transaction,
  contentRoot: string,
  present: readonly string[],
): Promise<CourseImport[]> {
  await lockCatalog(tx)
  const vanished = await tx.course.findMany({
    where: { contentRoot, archivedAt: null, id: { notIn: [...present] } },
    select: { id: true },
    orderBy: { id: 'asc' },
  })
  for (const { id } of vanished) {
    await tx.course.update({ where: { id }, data: { archivedAt: new Date() } })
    await tx.$executeRawUnsafe(notifySql, 'catalog_changed', id)
  }
  return vanished.map(({ id: course }) => ({
    course,
    outcome: 'archived',
    lessons: { created: 0, updated: 0, unchanged: 0, archived: 0 },
  }))
}
