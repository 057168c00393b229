/** The figures as rows of words: for the page, docs/measured.md and the terminal alike. */

import { softwareTiles, WEIGHT_STEPS } from "../workers/kernels/linear/software/panel.wgsl.ts";
import { gpuTiles, ONE_ROW_GROUP, type TileFigures, tileFigures } from "../workers/kernels/linear/tiles.ts";
import { sustained } from "./goals.ts";
import { baseline, type Comparison, OURS, OURS_DX, type PeerResults, speedup } from "./results.ts";
import { oneRowFigures, softwareFigures } from "./tile-figures.ts";

/** Three digits and an SI prefix: "3.21 G". */
export function amount(value: number): string {
  const prefixes = ["", "k", "M", "G", "T", "P"];
  const power = Math.max(0, Math.min(prefixes.length - 1, Math.floor(Math.log10(Math.abs(value)) / 3)));
  return `${(value / 1000 ** power).toPrecision(3)} ${prefixes[power]}`;
}

export const milliseconds = (ms: number): string =>
  ms < 1000 ? `${ms.toPrecision(3)} ms` : `${(ms / 1000).toPrecision(3)} s`;

const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(0)} %`;

/** "2.10" up to ten, then "12.3"; whole numbers as they are. */
const figure = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 2 : 1));

/** Figure, measured, goal. */
export function goalRows(results: PeerResults): string[][] {
  return results.goals.map((g) => {
    const unit = g.bound === "at least" ? "×" : "";
    const miss = g.met ? "" : ` (missed by ${percent(Math.abs(g.value - g.goal), g.goal || 1)})`;
    return [g.figure, `${figure(g.value)}${unit}`, `${g.bound === "at least" ? "≥" : "≤"} ${g.goal}${unit}${miss}`];
  });
}

function against(c: Comparison, name: string): string {
  const base = baseline(name);
  return `${figure(speedup(c, base, name)!)}× the time${base === OURS_DX ? " of our dX" : ""}`;
}

/** Library, time, times as slow as ours, speed, share of the adapter's peak, and what a steady run asks of WebGPU. */
export function sideRows(c: Comparison, peak: PeerResults["peak"]): string[][] {
  return c.sides.map((s) => {
    // One row reads every weight once: what bounds it is memory.
    const isBytes = c.section === "decode";
    const speed = ((isBytes ? c.weightBytes : c.flops) / s.ms) * 1000;
    return [
      s.name,
      milliseconds(s.ms),
      s.name === OURS ? "" : against(c, s.name),
      `${amount(speed)}${isBytes ? "B/s" : "FLOP/s"}`,
      percent(speed, isBytes ? peak.bytesPerSecond : peak.flopsPerSecond),
      String(s.calls.dispatches),
      String(s.calls.buffersCreated),
      String(s.calls.bindGroupsCreated),
    ];
  });
}

const hours = (h: number): string =>
  h < 1 ? `${(h * 60).toFixed(0)} min` : h < 100 ? `${h.toFixed(1)} h` : `${(h / 24).toFixed(0)} days`;

/** The adapter's peak, our share of it, and what that means for a user. */
export function adapterFigures(results: PeerResults): [string, string][] {
  const { peak, comparisons, projection } = results;
  const share = (section: Comparison["section"], name: string, work: "flops" | "weightBytes"): string =>
    percent(sustained(comparisons, section, name, work), work === "flops" ? peak.flopsPerSecond : peak.bytesPerSecond);
  return [
    ["multiply-adds at best", `${amount(peak.flopsPerSecond)}FLOP/s`],
    ["copying at best", `${amount(peak.bytesPerSecond)}B/s`],
    ["NF4 forward", `${share("NF4 linear", OURS, "flops")} of peak`],
    ["NF4 dX", `${share("NF4 linear", OURS_DX, "flops")} of peak`],
    ["LoRA block", `${share("LoRA block", OURS, "flops")} of peak`],
    ["decode", `${share("decode", OURS, "weightBytes")} of peak`],
    ["training, projected", `${amount(projection.trainTokensPerSecond)}tokens/s`],
    ["500 steps, projected", hours(projection.hoursOf500Steps)],
    ["4-bit products of a new token", `${amount(projection.decodeTokensPerSecond)}tokens/s`],
  ];
}

export const variantHead = [
  "kernel",
  "threads",
  "registers of a thread",
  "workgroup bytes",
  "of a thread",
  "FMAs per shared word",
  "FLOPs per global byte",
  "barriers per K step",
];

/** What can be said of each 4-bit kernel without running it: one row a variant, in the order of `variantHead`. */
export function variantRows(): string[][] {
  const row = (name: string, f: TileFigures): string[] => [
    name,
    String(f.threads),
    figure(f.registers),
    String(f.workgroupBytes),
    figure(f.workgroupBytesPerThread),
    f.fmasPerSharedWord === undefined ? "none read" : figure(f.fmasPerSharedWord),
    figure(f.flopsPerGlobalByte),
    String(f.barriersPerStep),
  ];
  const { rows, quads } = softwareTiles.wide;
  return [
    row(
      `software, panel of ${4 * quads} columns, K step ${WEIGHT_STEPS}, for ${rows} rows`,
      softwareFigures(softwareTiles.wide, WEIGHT_STEPS),
    ),
    ...Object.entries(gpuTiles).map(([name, tile]) =>
      row(`gpu, tile ${name}, K step ${tile.depth}`, tileFigures(tile)),
    ),
    row(`gpu, one row, ${ONE_ROW_GROUP.columns} columns a workgroup, with or without subgroups`, oneRowFigures()),
  ];
}
