/** `navigator.locks` of one process: exclusive locks, in the order in which they are asked for. Tests only. */

type Work<T> = (lock: { name: string } | null) => T | Promise<T>;

export function fakeLocks() {
  /** The last holder or waiter of each name. */
  const tails = new Map<string, Promise<void>>();
  return {
    async request<T>(name: string, { ifAvailable = false }: { ifAvailable?: boolean }, work: Work<T>): Promise<T> {
      const before = tails.get(name);
      if (before && ifAvailable) return work(null);
      const held = (async () => {
        await before;
        return work({ name });
      })();
      const ended = held.then(
        () => undefined,
        () => undefined,
      );
      tails.set(name, ended);
      try {
        return await held;
      } finally {
        if (tails.get(name) === ended) tails.delete(name);
      }
    },
    query: async () => ({ held: [...tails.keys()].map((name) => ({ name })) }),
  };
}
