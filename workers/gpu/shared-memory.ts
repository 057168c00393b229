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

/**
 * What `lay` makes of the allocators it gets. It is called twice, first to learn the sizes, and must ask for the same each time.
 * Whatever a phase finds in its tensors is left over from others: it writes before it reads.
 */
export function sharedMemory<P extends string, T>(
  alloc: Allocator,
  names: readonly P[],
  lay: (phases: Phases<P>) => T,
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
  const count = Math.max(0, ...[...requests.values()].map((list) => list.length));
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
