/** What bench/results.json holds. Times are of one machine on one day: only ratios inside one run mean anything elsewhere. */
import type { AdapterFacts } from "../workers/gpu/device.ts";

/** Calls of the WebGPU API, whoever makes them. */
export interface ApiCalls {
  dispatches: number;
  submits: number;
  writes: number;
  buffersCreated: number;
  bindGroupsCreated: number;
  pipelinesCreated: number;
}

/** One library's way of computing one thing. */
export interface Measured {
  name: string;
  /** Fastest round. */
  ms: number;
  /** All rounds, in order: round i of one side ran right beside round i of the others. */
  rounds: number[];
  /** Runs in a row that one round timed. */
  repeats: number;
  /** First run, compilation of its pipelines included. */
  firstMs: number;
  /** Of one steady run (the last round's, shared among its repeats). */
  calls: ApiCalls;
  /** |actual - expected| / |expected| (L2) of its outputs; null where the others are held against this side. */
  error: number | null;
}

export type Section = "NF4 linear" | "dense linear" | "LoRA block" | "decode";

export interface Comparison {
  section: Section;
  /** "256 rows, 2048 -> 5632" */
  label: string;
  /** Multiply-adds counted as two, of our side's run. */
  flops: number;
  /** Bytes of weights that a run must read. */
  weightBytes: number;
  sides: Measured[];
  /** Libraries that could not run it here, or whose outputs were wrong. */
  failures: { name: string; message: string }[];
}

export interface Goal {
  figure: string;
  value: number;
  goal: number;
  /** Whether the value is to be at least or at most the goal. */
  bound: "at least" | "at most";
  met: boolean;
}

/** 500 steps of the seed report's run, by the sustained speed of the LoRA block. */
export interface Projection {
  model: string;
  flopsPerStep: number;
  secondsPerStep: number;
  hoursOf500Steps: number;
  trainTokensPerSecond: number;
  /** Of the products with NF4 weights alone. */
  decodeTokensPerSecond: number;
}

export interface PeerResults {
  /** ISO 8601. */
  date: string;
  browser: string;
  /** Versions of the libraries. */
  versions: Record<string, string>;
  adapter: AdapterFacts;
  sizes: string;
  /** What times are of: see measure.ts. */
  clock: "wall clock" | "processor time";
  /** One-minute load averages of the machine, first and last seen; only where the bench is driven from outside. */
  load?: [number, number];
  /** Processor cores of the machine. */
  cores?: number;
  /** What two small kernels reach on this adapter. */
  peak: { flopsPerSecond: number; bytesPerSecond: number };
  comparisons: Comparison[];
  /** Dispatches of one LoRA block, forward and backward, without the one that stands for the loss. */
  blockDispatches: number;
  goals: Goal[];
  projection: Projection;
}

/** Names of our sides; everything else is a peer. */
export const OURS = "TabTune";
export const OURS_DX = "TabTune dX";

/** The side of ours that a side is held against: its dX for a dX. */
export const baseline = (name: string): string => (name.endsWith("dX") && name !== OURS_DX ? OURS_DX : OURS);

export const adapterName = ({
  description,
  vendor,
  architecture,
}: Pick<AdapterFacts, "description" | "vendor" | "architecture">): string =>
  description || `${vendor} ${architecture}`.trim() || "an adapter without a name";

/** How many times as fast as `other` the side `name` is, or undefined where one of them did not run. */
export function speedup(c: Comparison, name: string, other: string): number | undefined {
  const [a, b] = [name, other].map((n) => c.sides.find((s) => s.name === n));
  return a && b ? b.ms / a.ms : undefined;
}
