/**
 * Memory that phases use one after the other. What only one phase needs lies in the same buffers as what another needs, so a program
 * takes no more than its largest phase. The n-th largest tensor of each phase shares a buffer with the n-th largest of the others: two
 * tensors of one phase never lie in one buffer, because WebGPU forbids a dispatch to read a buffer that it also writes.
 */
import { type Allocator, Planner, type Tensor } from "./buffers.ts";

/** Where the tensors of each phase come from, and those that outlive their phase. */
export type Phases<P extends string> = Record<P | "kept", Allocator>;

interface Request {
  label: string;
  length: number;
}

/** Memory of others that a phase may take, because nobody reads it meanwhile (lent-memory.ts). */
export interface Loan<P extends string> {
  to: P;
  /** Each a buffer, or all that is used of one. */
  from: readonly Tensor[];
  /** Words that are taken at most. */
  most: number;
  /** Takes those that are taken, as long as they are used. */
  taken: Tensor[];
}

/**
 * What `lay` makes of the allocators it gets. It is called twice, first to learn the sizes, and must ask for the same each time.
 * Whatever a phase finds in its tensors is left over from others: it writes before it reads. A tensor lies in what is lent where that
 * holds it, the largest first, each in the smallest; the others share.
 */
export function sharedMemory<P extends string, T>(
  alloc: Allocator,
  names: readonly P[],
  lay: (phases: Phases<P>) => T,
  loan?: Loan<P>,
): T {
  const requests = new Map(names.map((name) => [name, [] as Request[]]));
  lay(
    phasesOf(names, new Planner(), (name) => (label, length) => {
      requests.get(name)!.push({ label, length });
      return new Planner().tensor(label, length);
    }),
  );
  // By phase, the numbers of its requests from the largest on.
  const orders = new Map(
    [...requests].map(([name, list]) => [
      name,
      list.map((_, n) => n).sort((a, b) => list[b]!.length - list[a]!.length || a - b),
    ]),
  );
  const lent = new Map<number, Tensor>();
  if (loan) {
    const [list, order] = [requests.get(loan.to)!, orders.get(loan.to)!];
    const free = [...loan.from].sort((a, b) => a.length - b.length);
    let left = loan.most;
    for (const n of order) {
      const { length } = list[n]!;
      const smallest = free.findIndex((tensor) => tensor.length >= length);
      if (smallest === -1 || length > left) continue;
      lent.set(n, { ...free.splice(smallest, 1)[0]!, length });
      left -= length;
    }
    orders.set(
      loan.to,
      order.filter((n) => !lent.has(n)),
    );
    loan.taken.push(...lent.values());
  }
  const count = Math.max(0, ...[...orders.values()].map((order) => order.length));
  const buffers = Array.from({ length: count }, (_, rank): Tensor => {
    const sharing = names.flatMap((name) => requests.get(name)![orders.get(name)![rank] ?? -1] ?? []);
    const largest = sharing.reduce((a, b) => (b.length > a.length ? b : a));
    return alloc.tensor(largest.label, largest.length);
  });
  return lay(
    phasesOf(names, alloc, (name) => {
      let next = 0;
      return (label, length) => {
        const n = next++;
        if (requests.get(name)![n]?.length !== length) throw new Error(`${label} was not asked for in this order`);
        const own = name === loan?.to ? lent.get(n) : undefined;
        if (own) return own;
        return { ...buffers[orders.get(name)!.indexOf(n)]!, length };
      };
    }),
  );
}

function phasesOf<P extends string>(
  names: readonly P[],
  kept: Allocator,
  tensorOf: (name: P) => Allocator["tensor"],
): Phases<P> {
  const phases = names.map((name) => [name, { tensor: tensorOf(name) }] as const);
  return { ...(Object.fromEntries(phases) as Record<P, Allocator>), kept };
}
