import DataLoader from 'dataloader'

/**
 * A field's loader that gathers the keys asked for within one request and loads them in one call.
 *
 * @param load gives one value for each key, in the order of the keys
 */
export function batchPerRequest<Context extends object, Value>(
  load: (context: Context, keys: readonly string[]) => Promise<readonly Value[]>,
): (context: Context, key: string) => Promise<Value> {
  // Dropped with the request's context: nothing is remembered from one request to the next.
  const loaders = new WeakMap<Context, DataLoader<string, Value>>()
  return (context, key) => {
    const loader = loaders.get(context) ?? new DataLoader<string, Value>(keys => load(context, keys))
    loaders.set(context, loader)
    return loader.load(key)
  }
}
