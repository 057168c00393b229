/** What this machine can do, in one sentence: as it was measured here, else as it is expected of its kind. No figure without a source. */
import type { Capability } from "../../workers/protocol/engine.ts";
import { adapterOf, rememberedSpeed, type Speed } from "../page/speed.ts";
import { duration, fixed } from "../parts/format.ts";
import { language, words } from "../words/index.ts";

/** Work of a step of SmolVLM-256M, 8 whole pictures that are new: docs/measured.md, "Features computed once". */
export const SMOLVLM_FLOPS = 2.95e12;

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

type Known = keyof typeof SPEEDS;

const secondsOn = (card: Known): number => SMOLVLM_FLOPS / SPEEDS[card];
/** Below ten seconds with one digit; an expectation has no more. */
const roughly = (seconds: number): string =>
  seconds < 10 ? `${fixed(seconds, seconds < 1 ? 1 : 0)} s` : duration(seconds);

/** The card of the same kind whose speed is expected; undefined where the kind says too little. */
function likeOf({ vendor, architecture }: Adapter): Known | undefined {
  if (vendor === "nvidia") return "GeForce RTX 4060";
  if (vendor === "apple") return "Apple M2";
  // Others of Intel's are several times as slow or as fast.
  return vendor === "intel" && architecture === "gen-12lp" ? "Intel Iris Xe" : undefined;
}

type Adapter = Pick<NonNullable<Capability["adapter"]>, "vendor" | "architecture" | "software">;

function measuredWords({ date, model, rows, seconds, flopsPerSecond }: Speed): string {
  const say = words().welcome.machine;
  const what = rows === undefined ? model : say.what(model, rows);
  const told = say.measured(new Date(date).toLocaleDateString(language()), what, roughly(seconds));
  return flopsPerSecond ? `${told} ${say.smolThen(roughly(SMOLVLM_FLOPS / flopsPerSecond))}` : told;
}

export function machineWords(adapter: Adapter): string {
  const say = words().welcome.machine;
  const measured = rememberedSpeed(adapterOf(adapter));
  const found = measured ? measuredWords(measured) : "";
  if (adapter.software) {
    const expected = say.software(roughly(secondsOn("llvmpipe")), roughly(secondsOn("SwiftShader")));
    return [expected, found].filter(Boolean).join(" ");
  }
  if (found) return found;
  const like = likeOf(adapter);
  if (like) return say.like(like, roughly(secondsOn(like)));
  return say.card(roughly(secondsOn("GeForce RTX 4060")), roughly(secondsOn("Intel Iris Xe")));
}
