/** What limits of pixels cost, of models that see pictures at free size: tokens of a picture, and seconds of training a row with it here. */
import type { PictureWork } from "../../workers/training/picture-work.ts";
import catalogue from "../../workers/weights/hub/catalogue.json";
import { grouped, roughly } from "../parts/format.ts";
import type { useModel } from "../stores/model.ts";
import { words } from "../words/index.ts";
import type { Entry } from "./offers.ts";

/** Pixels on a side of the block that is a token of Qwen3-VL's published models. */
const BLOCK = 32;
/** Of a square picture, where nothing is known of the model. */
export const tokensOf = (side: number): number => (side / BLOCK) ** 2;

/** "none": the chosen model's pictures have no limits of pixels; "unknown": it has to be loaded first. */
export type ChosenWork = readonly PictureWork[] | "none" | "unknown";

/** What pictures cost with the model that is chosen now, loaded or not. */
export function workOfChosen({
  source,
  info,
  loaded,
}: Pick<ReturnType<typeof useModel.getState>, "source" | "info" | "loaded">): ChosenWork {
  if (info && loaded?.source === source) return info.pictureWork ?? "none";
  if (source.kind === "embedded") return "none";
  const listed = source.kind === "hub" && (catalogue as Entry[]).find(({ repo }) => repo === source.name);
  return listed ? (listed.pictureWork ?? "none") : "unknown";
}

interface Limits {
  min_pixels: number | null;
  max_pixels: number | null;
}

/** `speeds`: floating-point operations a second that are expected here, or measured. "" for models without such limits. */
export function pixelCostWords(
  { min_pixels, max_pixels }: Limits,
  work: ChosenWork,
  speeds: { fast: number; slow: number; isMeasured: boolean } | undefined,
): string {
  if (work === "none") return "";
  const say = words().model.loading.cost;
  const timed = work !== "unknown" && speeds !== undefined;
  const costOf = (pixels: number): [tokens: string, time: string] => {
    const side = Math.sqrt(pixels);
    const of = work === "unknown" ? undefined : work.find((one) => one.side === side);
    const tokens = grouped(of?.tokens ?? tokensOf(side));
    if (!of || !speeds) return [tokens, ""];
    const [least, most] = [roughly(of.flops / speeds.fast), roughly(of.flops / speeds.slow)];
    return [tokens, say.time(least === most ? say.about(least) : say.between(least, most))];
  };
  return [
    max_pixels === null ? say.unlimited : say.most(...costOf(max_pixels)),
    ...(min_pixels === null ? [] : [say.least(...costOf(min_pixels))]),
    timed ? (speeds.isMeasured ? say.measured : say.expected) : say.unknown,
  ].join(" ");
}
