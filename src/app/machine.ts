/** What this machine can do, in one sentence: as it was measured here, else as it is expected of its kind. */
import { type AdapterKind, expectedLike, type Known, SPEEDS } from "../page/card-speeds.ts";
import { adapterOf, rememberedSpeed, type Speed } from "../page/speed.ts";
import { roughly } from "../parts/format.ts";
import { language, words } from "../words/index.ts";

/** Work of a step of SmolVLM-256M, 8 whole pictures that are new: docs/measured.md, "Features computed once". */
export const SMOLVLM_FLOPS = 2.95e12;

const secondsOn = (card: Known): number => SMOLVLM_FLOPS / SPEEDS[card];

function measuredWords({ date, model, rows, seconds, flopsPerSecond }: Speed): string {
  const say = words().welcome.machine;
  const what = rows === undefined ? model : say.what(model, rows);
  const told = say.measured(new Date(date).toLocaleDateString(language()), what, roughly(seconds));
  return flopsPerSecond ? `${told} ${say.smolThen(roughly(SMOLVLM_FLOPS / flopsPerSecond))}` : told;
}

export function machineWords(adapter: AdapterKind): string {
  const say = words().welcome.machine;
  const measured = rememberedSpeed(adapterOf(adapter));
  const found = measured ? measuredWords(measured) : "";
  const [fast, slow] = expectedLike(adapter);
  const [least, most] = [roughly(secondsOn(fast)), roughly(secondsOn(slow))];
  if (adapter.software) return [say.software(least, most), found].filter(Boolean).join(" ");
  if (found) return found;
  return fast === slow ? say.like(fast, least) : say.card(least, most);
}
