/** What was read last stays in memory. */

/**
 * `load` with its results kept for the `most` keys used last. Readers who want the same key at once share one load; a failed one is not
 * kept: the next reader tries again.
 */
export function lastUsed<K, V>(most: number, load: (key: K) => Promise<V>): (key: K) => Promise<V> {
  // A Map keeps insertion order: the first is the oldest.
  const kept = new Map<K, Promise<V>>();
  return (key) => {
    let value = kept.get(key);
    if (value === undefined) {
      value = load(key);
      value.catch(() => kept.delete(key));
    }
    kept.delete(key);
    kept.set(key, value);
    if (kept.size > most) kept.delete(kept.keys().next().value!);
    return value;
  };
}
