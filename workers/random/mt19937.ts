/**
 * torch.randperm on the CPU, bit for bit: MT19937 seeded by `init_genrand` (Matsumoto & Nishimura 1998, the reference
 * mt19937ar) and the Fisher-Yates walk of aten/src/ATen/native/TensorFactories.cpp.
 */
import { TabTuneError } from "../errors.ts";

const N = 624;
const M = 397;

/** A generator of uniform u32, as torch's CPU generator after `manual_seed(seed)`; only the seed's low 32 bits count. */
export function createMt19937(seed: number): () => number {
  const state = new Uint32Array(N);
  state[0] = seed;
  for (let i = 1; i < N; i++) {
    const before = state[i - 1]! ^ (state[i - 1]! >>> 30);
    state[i] = Math.imul(1812433253, before) + i;
  }
  let at = N;
  return () => {
    if (at === N) {
      twist(state);
      at = 0;
    }
    let y = state[at++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
}

function twist(state: Uint32Array): void {
  for (let i = 0; i < N; i++) {
    const y = (state[i]! & 0x80000000) | (state[(i + 1) % N]! & 0x7fffffff);
    state[i] = state[(i + M) % N]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
  }
}

/** Above this torch draws 64 bits for each place, which we have no use for: 214 million rows. */
const LARGEST = Math.floor(0xffffffff / 20);

/** [n] `torch.randperm(n, generator=torch.Generator().manual_seed(seed))`. */
export function randperm(n: number, seed: number): Uint32Array {
  if (!(n >= 0 && n < LARGEST)) {
    throw new TabTuneError(
      "bad-argument",
      `A permutation of ${n} rows was asked for; at most ${LARGEST - 1} are supported.`,
      "Use a smaller data set.",
    );
  }
  const next = createMt19937(seed);
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = 0; i < n - 1; i++) {
    const j = i + (next() % (n - i));
    const id = order[i]!;
    order[i] = order[j]!;
    order[j] = id;
  }
  return order;
}
