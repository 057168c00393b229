/** Work on several items at once, whose results come in the order of the items. */

/**
 * Results of `work`, in order, with at most `width` items taken from the source and not yet handed on. An error of the source or of
 * the work comes when its turn comes. Whoever stops early stops the source; work that has begun is left to end by itself.
 * @param source a generator: it is asked for the next item before it has answered for the last
 */
export async function* inOrder<T, R>(
  source: AsyncGenerator<T>,
  width: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const ahead: Promise<IteratorResult<R>>[] = [];
  let stopped = false;
  const pull = async (): Promise<IteratorResult<R>> => {
    const item = await source.next();
    if (item.done || stopped) return { done: true, value: undefined };
    return { value: await work(item.value) };
  };
  try {
    for (;;) {
      while (ahead.length < width) {
        const result = pull();
        // It is told in its turn; until then nobody listens, and the platform would report it as lost.
        result.catch(() => undefined);
        ahead.push(result);
      }
      const result = await ahead.shift()!;
      if (result.done) return;
      yield result.value;
    }
  } finally {
    stopped = true;
    await source.return(undefined);
  }
}
