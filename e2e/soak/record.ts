/** The record of a soak, as docs/soak.json keeps it. */
import os from "node:os";
import type { RecipeJson } from "../../workers/recipe.ts";
import type { Memory } from "./memory.ts";
import type { Kind } from "./moments.ts";
import { features, lastingValues, type Outcome } from "./outcome.ts";
import { isLevel, type Sample, staysWithin, type Trend, trendOf } from "./trend.ts";

/** A moment as it went. */
export interface Lived {
  what: string;
  kind: Kind;
  /** Steps that were made when it came. */
  step: number;
  /** Null: the run stayed where it was. */
  wentOnFrom: number | null;
  /** Until the run went on. */
  seconds: number;
  /** What the browser's processes held when the run had gone on from the moment before, in MB. */
  held: Record<string, number>;
}

/** Kernels are compiled, features gather and heaps find their size: the first fifth of a run is left out. */
const SETTLES = 0.2;
/** With fewer steps there is nothing to be said. */
const LEAST_STEPS = 100;

/** Of each kind of memory over the last four fifths of a run's steps; none of a short run. */
export function trendsOf(memory: Memory, steps: number): Record<string, Trend> {
  if (steps < LEAST_STEPS) return {};
  return Object.fromEntries(
    Object.entries(memory).map(([name, samples]) => [
      name,
      trendOf(samples.filter(({ step }) => step > SETTLES * steps)),
    ]),
  );
}

/**
 * That this kind of memory does what it should. Of what is allocated and reached nothing may be sure to grow. Resident bytes also rise
 * when what was reserved is first written, and by room that a collector keeps: they may rise by a tenth.
 */
export const holds = (name: string, trend: Trend): boolean =>
  /allocated$|^heap/.test(name) ? isLevel(trend) : staysWithin(trend);

export interface Alone {
  outcome: Outcome;
  memory: Memory;
  seconds: number;
  /** Its version. */
  browser: string;
}

export interface Disturbed {
  outcome: Outcome;
  lived: Lived[];
  seconds: number;
}

interface Soak {
  seed: number;
  steps: number;
  moments: number;
  recipe: RecipeJson;
  alone: Alone;
  /** Undefined where only memory was asked about. */
  other: Disturbed | undefined;
  trends: Record<string, Trend>;
}

export function recordOf({ seed, steps, moments, recipe, alone, other, trends }: Soak) {
  const ends = ({ outcome, seconds }: { outcome: Outcome; seconds: number }) => ({
    seconds: Math.round(seconds),
    adapterSha256: outcome.adapterSha256,
    lastLine: outcome.log.filter((line) => "loss" in JSON.parse(line)).at(-1),
    heldOutLosses: outcome.heldOut.map((line) => (JSON.parse(line) as { eval_loss: number }).eval_loss),
    entries: outcome.stored.entries.size,
    bytes: [...outcome.stored.entries.values()].reduce((sum, { bytes }) => sum + bytes, 0),
    features: features(outcome.stored).size,
    usage: outcome.stored.usage,
  });
  return {
    made: new Date().toISOString().slice(0, 10),
    machine: { browser: alone.browser, cores: os.cpus().length, load: Math.round(10 * os.loadavg()[0]!) / 10 },
    ...{ seed, steps, moments, recipe },
    ...(other ? { same: equalities(alone.outcome, other.outcome) } : {}),
    alone: ends(alone),
    ...(other ? { disturbed: ends(other), lived: other.lived } : {}),
    memory: Object.fromEntries(
      Object.entries(trends).map(([name, trend]) => [
        name,
        { ...rounded(trend), holds: holds(name, trend), megabytes: thinned(alone.memory[name]!) },
      ]),
    ),
  };
}

function equalities(alone: Outcome, other: Outcome): Record<string, boolean> {
  const same = (part: (outcome: Outcome) => unknown): boolean =>
    JSON.stringify(part(alone)) === JSON.stringify(part(other));
  return {
    adapter: same(({ adapterSha256 }) => adapterSha256),
    log: same(({ log }) => log),
    heldOut: same(({ heldOut }) => heldOut),
    stored: same(({ stored }) => lastingValues(stored)),
  };
}

const rounded = (trend: Trend): Trend =>
  Object.fromEntries(
    Object.entries(trend).map(([name, value]) => [name, Math.round(value as number)]),
  ) as unknown as Trend;

export const megabytes = (bytes: number): number => Math.round(bytes / 1e5) / 10;

/** Some of the samples, as [step, MB]: at every 25th step and the last one, or the first sample behind it. */
function thinned(samples: readonly Sample[]): [number, number][] {
  const found: [number, number][] = [];
  let next = 0;
  for (const { step, value } of samples) {
    if (step < next && step !== samples.at(-1)!.step) continue;
    found.push([step, megabytes(value)]);
    next = step + 25;
  }
  return found;
}
