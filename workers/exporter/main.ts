import { exportCommand, writeExport } from './write-export.js'

/** `main.js <format> <folder of the model> <file>`, forked: writes one export and leaves. */
process.on('disconnect', () => process.exit())
const [, , format, directory, file] = process.argv
await writeExport(exportCommand.parse({ format, directory, file }))
// Hearing whether the worker is still there keeps a process alive.
process.exit()
