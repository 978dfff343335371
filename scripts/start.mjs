// `npm start`: makes the clone ready where it is not, then runs everything on this machine.
import { setUp } from './setup.mjs'

if (process.env.npm_lifecycle_event === 'start') stopWithNpm()
await setUp()
process.argv.splice(2, Number.POSITIVE_INFINITY, 'up')
await import('../dist/src/lyceum.js')

/** npm hands a SIGTERM to its shell, which ends without handing it on: this process is then an orphan. */
function stopWithNpm() {
  const { pid, ppid } = process
  const watch = setInterval(() => {
    if (process.ppid === ppid) return
    clearInterval(watch)
    process.kill(pid, 'SIGTERM')
  }, 500)
  watch.unref()
}
