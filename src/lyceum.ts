#!/usr/bin/env node
// Nothing is imported before the version is known: on an older Node the imports themselves would fail.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `lyceum: This needs Node 20.19 or newer, and runs on ${process.version}. See https://nodejs.org`,
  )
  process.exit(1)
}
await import('./commands/program.js')

export {}
