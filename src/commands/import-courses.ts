import { contentRefused } from '../catalog/errors.js'
import { describeImport, type ImportOptions, importContent } from '../catalog/import/import-content.js'
import type { Database } from '../platform/database.js'
import { LyceumError } from '../platform/errors.js'

/**
 * Imports the courses of a folder for a start that must not fail by a slip in one of them: a course whose files are
 * broken stays as it was, and what is wrong with it is said.
 */
export async function importCourses(
  database: Database,
  directory: string,
  options: Omit<ImportOptions, 'onCourse'>,
  say: (line: string) => void,
): Promise<void> {
  try {
    await importContent(database, directory, {
      ...options,
      onCourse: result => say(`  ${describeImport(result)}`),
    })
  } catch (error) {
    if (!(error instanceof LyceumError) || error.code !== contentRefused.code) throw error
    for (const line of error.message.split('\n')) say(`  ${line}`)
    say('  Until then they are shown as they were last imported, and those that never were are missing.')
  }
}
