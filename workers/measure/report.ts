/** The file that `measure` writes: what this adapter can do, in one piece, with what failed and why. Times are in ms unless named otherwise. */
import * as v from "valibot";
import { median } from "../metrics/averages.ts";

export const VERSION = 1;

const number = v.pipe(v.number(), v.finite());
const count = v.pipe(number, v.integer(), v.minValue(0));
/** A part of one: of the adapter's measured peak. Null where that peak was not measured. */
const share = v.nullable(number);

/** Middle, fastest and slowest of the timings after a warm-up. */
const spread = v.object({ median: number, low: number, high: number, rounds: count });

const tested = v.object({
  op: v.string(),
  output: v.string(),
  /** Relative to what was expected; null when it is not a number. */
  error: v.nullable(number),
  passed: v.boolean(),
  kernels: v.array(v.string()),
  note: v.string(),
});

const part = v.object({
  name: v.string(),
  /** "skipped" is by rule and leaves the file complete; "cut off": its time was used up; "not run": the adapter was gone. */
  status: v.picklist(["done", "failed", "cut off", "skipped", "not run"]),
  seconds: number,
  /** Why it is not done; "" where it is. */
  message: v.string(),
});

/** A limit that the adapter states, what of it was tried, and whether that held. */
const limit = v.object({ name: v.string(), stated: number, tried: number, held: v.boolean(), message: v.string() });

const rate = v.object({ perSecond: number, time: spread });

const product = v.object({
  model: v.string(),
  name: v.string(),
  format: v.string(),
  direction: v.picklist(["forward", "dX", "weight gradient", "LoRA gradients", "one row"]),
  /** Result [rows, columns], sum over `depth`. */
  rows: count,
  columns: count,
  depth: count,
  flops: number,
  /** Of the weight: what one row has to read. */
  weightBytes: number,
  variants: v.array(v.object({ name: v.string(), time: spread, share })),
  fastest: v.string(),
  /** What the rule of kernels/select.ts takes, and what timing on this adapter takes; null where there is no choice. */
  selected: v.nullable(v.string()),
  tuned: v.nullable(v.string()),
});

const timedWork = v.object({
  name: v.string(),
  variant: v.string(),
  forward: spread,
  backward: spread,
  flops: v.object({ forward: number, backward: number }),
  share: v.object({ forward: share, backward: share }),
});

const block = v.object({ name: v.string(), tokens: count, dispatches: count, flops: number, time: spread, share });

const kernel = v.object({ name: v.string(), dispatches: count, ms: number, flops: number });

const step = v.object({
  rows: count,
  tokens: count,
  /** False where even the warm-up took longer than the part may: then it is the only one. */
  warm: v.boolean(),
  time: spread,
  tokensPerSecond: number,
  /** Of all dispatches as the plan reckons them, recomputed ones included; `ideal` computes nothing twice. */
  flops: v.object({ executed: number, ideal: number }),
  flopsPerSecond: number,
  share,
  /** Of the seed report: eight rows each, whatever the batch here. */
  hoursOf500Steps: number,
  loss: number,
  gradNorm: number,
  /** As sent, of one step. */
  dispatches: number,
  submits: number,
  /** By the slicer's estimate. */
  longestDispatchMs: number,
  longestSubmitMs: number,
  /** Script that encodes dispatches, of one step. */
  encodeMs: number,
  /** From nothing to recorded programs: allocation and compilation. */
  recordMs: number,
  pipelines: count,
  /** Of one pass, by the GPU's own clock where it has one ("timestamps"), else one submit after the other ("clock"). */
  kernels: v.object({ by: v.picklist(["timestamps", "clock"]), times: v.array(kernel) }),
});

const decoding = v.object({
  tokens: count,
  time: spread,
  tokensPerSecond: number,
  /** Of the bytes of all weights that a token reads, of the measured copy. */
  share,
  dispatchesPerToken: number,
  submitsPerToken: number,
});

const model = v.object({
  name: v.string(),
  parameters: count,
  rank: count,
  plannedBytes: number,
  allocatedBytes: number,
  /** Time to make the weights. */
  fillMs: number,
  policy: v.string(),
  step: v.nullable(step),
  decoding: v.nullable(decoding),
});

export const measurementSchema = v.object({
  version: v.literal(VERSION),
  /** Every part is done, or left out by rule, and every op and limit held. */
  complete: v.boolean(),
  /** ISO 8601. */
  date: v.string(),
  /** What drives the adapter: "Node 22.1.0", or the browser's name for itself. */
  host: v.string(),
  sizes: v.picklist(["quick", "software", "card"]),
  seconds: number,
  adapter: v.object({
    vendor: v.string(),
    architecture: v.string(),
    device: v.string(),
    description: v.string(),
    software: v.boolean(),
    features: v.array(v.string()),
    limits: v.record(v.string(), number),
  }),
  parts: v.array(part),
  limits: v.array(limit),
  selfTest: v.object({ limit: number, results: v.array(tested), gates: v.array(tested) }),
  peak: v.object({ f32: v.nullable(rate), f16: v.nullable(rate), copy: v.nullable(rate) }),
  products: v.array(product),
  attention: v.array(timedWork),
  blocks: v.array(block),
  models: v.array(model),
});

export type Measurement = v.InferOutput<typeof measurementSchema>;
export type Spread = v.InferOutput<typeof spread>;
export type Part = v.InferOutput<typeof part>;
export type Product = v.InferOutput<typeof product>;
export type Model = v.InferOutput<typeof model>;
export type Step = v.InferOutput<typeof step>;

/** Throws an Error naming the first field that is not as it should be. */
export function parseMeasurement(json: unknown): Measurement {
  const read = v.safeParse(measurementSchema, json);
  if (read.success) return read.output;
  const [issue] = read.issues;
  throw new Error(`not a measurement: ${v.getDotPath(issue) ?? "the whole"}: ${issue.message}`);
}

/** The file's text: six digits of what was measured are more than a second run would give again. */
export const textOf = (found: Measurement): string =>
  `${JSON.stringify(
    parseMeasurement(found),
    (_, value: unknown) =>
      typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value,
    1,
  )}\n`;

/** Of at least one timing. */
export function spreadOf(times: number[]): Spread {
  return { median: median(times), low: Math.min(...times), high: Math.max(...times), rounds: times.length };
}

/** `spread` of `times` runs as that of one. */
export const dividedBy = ({ median, low, high, rounds }: Spread, times: number): Spread => ({
  median: median / times,
  low: low / times,
  high: high / times,
  rounds,
});
