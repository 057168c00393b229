/** How fast training is expected to be on a machine that has not been measured. No figure without a source. */
import type { Capability } from "../../workers/protocol/engine.ts";

export type AdapterKind = Pick<NonNullable<Capability["adapter"]>, "vendor" | "architecture" | "software">;

/**
 * Floating-point operations a second of whole training steps. Of graphics cards: the maker's peak for f32 times the share that docs/cards.md
 * expects of a whole step ("Expected, before any run"). Of software adapters: measured, the speeds of the demo model's run in the same page.
 */
export const SPEEDS = {
  "GeForce RTX 4060": 15.1e12 * 0.4,
  "Apple M2": 3.6e12 * 0.35,
  "Intel Iris Xe": 2.1e12 * 0.25,
  llvmpipe: 5.38e9,
  SwiftShader: 2.05e9,
} as const;

export type Known = keyof typeof SPEEDS;

/** The card of the same kind whose speed is expected; undefined where the kind says too little. */
function likeOf({ vendor, architecture }: AdapterKind): Known | undefined {
  if (vendor === "nvidia") return "GeForce RTX 4060";
  if (vendor === "apple") return "Apple M2";
  // Others of Intel's are several times as slow or as fast.
  return vendor === "intel" && architecture === "gen-12lp" ? "Intel Iris Xe" : undefined;
}

/** Between what it lies on such a machine, the faster one first; both are the same where the kind says which card it is like. */
export function expectedLike(adapter: AdapterKind): [fast: Known, slow: Known] {
  if (adapter.software) return ["llvmpipe", "SwiftShader"];
  const like = likeOf(adapter);
  return like ? [like, like] : ["GeForce RTX 4060", "Intel Iris Xe"];
}
