/** What to tell of features that are kept, on the page and on the command line. */
import { counted } from "../../words.ts";
import type { FeatureCounts } from "./feature-cache.ts";

const size = (bytes: number): string =>
  bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;

/** A few sentences; "" before a run has met a picture. */
export function featureWords({ read, made, again, beyond, tiles, bytes, budget, trouble }: FeatureCounts): string {
  if (read + made === 0) return "";
  const kept = `${counted(tiles, "tile")} in storage, ${size(bytes)} of at most ${size(budget)}`;
  const parts = [
    `Features of pictures: ${made} computed, ${read} read again (${kept}).`,
    again > 0 &&
      `${counted(again, "tile")} had been kept damaged, or not as this GPU computes them now, and ${again === 1 ? "was" : "were"} made again.`,
    beyond > 0 &&
      `${counted(beyond, "tile")} had no room in storage: what memory has no room for either is computed anew.`,
    trouble && `Storage keeps no features any more: ${trouble}`,
  ];
  return parts.filter(Boolean).join(" ");
}
