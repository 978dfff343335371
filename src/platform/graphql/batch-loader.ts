import DataLoader from 'dataloader'

/**
 * A field's loader that gathers the keys asked for within one request and loads them in one call.
 *
 * @param load gives one value for each key, in the order of the keys
 * @param identify what makes two keys the same, where they are no strings
 */
export function batchPerRequest<Context extends object, Value, Key = string>(
  load: (context: Context, keys: readonly Key[]) => Promise<readonly Value[]>,
  identify: (key: Key) => unknown = key => key,
): (context: Context, key: Key) => Promise<Value> {
  // Dropped with the request's context: nothing is remembered from one request to the next.
  const loaders = new WeakMap<Context, DataLoader<Key, Value, unknown>>()
  return (context, key) => {
    const loader =
      loaders.get(context) ??
      new DataLoader<Key, Value, unknown>(keys => load(context, keys), { cacheKeyFn: identify })
    loaders.set(context, loader)
    return loader.load(key)
  }
}
