const files: Record<string, string> = { graphql: 'graphql.worker.js', json: 'json.worker.js' }

/** Where the editor finds its workers: the build puts each beside this file. */
self.MonacoEnvironment = {
  getWorker(_id, label) {
    return new Worker(new URL(files[label] ?? 'editor.worker.js', import.meta.url), { type: 'module' })
  },
}
