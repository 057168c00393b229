/** What a run ends with, as far as it says nothing of the clock: two runs with the same outcome are the same run. */
import { createHash } from "node:crypto";
import type { Page } from "@playwright/test";
import { button, downloadAdapter, downloaded, expect, panel } from "../fixtures.ts";
import { readStored, type Stored } from "./stored.ts";

export interface Outcome {
  /** Of adapter_model.safetensors as it is downloaded. */
  adapterSha256: string;
  /** steps.jsonl as it is downloaded: losses, gradient norms, learning rates, and the evaluations between them. */
  log: string[];
  /** Lines of `log` with what held-out rows gave. */
  heldOut: string[];
  stored: Stored;
}

export async function outcomeOf(page: Page, steps: number): Promise<Outcome> {
  await expect(panel(page, "Runs")).toContainText(`done, step ${steps} of ${steps}`);
  const file = await downloaded(page, () => button(page, "Download log").click());
  const log = file.toString("utf8").trim().split("\n");
  const { weights } = await downloadAdapter(page);
  return {
    adapterSha256: createHash("sha256").update(weights).digest("hex"),
    log,
    heldOut: log.filter((line) => "eval_loss" in JSON.parse(line)),
    stored: await readStored(page),
  };
}

/**
 * Hashes of stored values that are the same in two runs of one recipe, under names that are: matrices and moments of the newest checkpoint,
 * answers, rows. Left out is what has dates and seconds in it, and what depends on where a run was cut off.
 */
export function lastingValues({ entries }: Stored): Record<string, string> {
  const newest = [...entries.keys()].filter((key) => /\/gen\/\d+\/manifest$/.test(key)).at(-1);
  const checkpoint = newest?.replace(/manifest$/, "chunk/");
  const found: Record<string, string> = {};
  for (const [key, { sha256 }] of entries) {
    if (checkpoint && key.startsWith(checkpoint)) found[`checkpoint/${key.slice(checkpoint.length)}`] = sha256;
    else if (/^run\/[^/]+\/(answers\/|held-out$)/.test(key)) found[key.replace(/^run\/[^/]+/, "run")] = sha256;
    else if (/^dataset\/[^/]+\/(contents|index|shard|sources)/.test(key)) found[key] = sha256;
  }
  return found;
}

/** Features of pictures by their keys: what was computed twice is the same. */
export const features = ({ entries }: Stored): Map<string, string> =>
  new Map([...entries].filter(([key]) => key.includes("/features/")).map(([key, { sha256 }]) => [key, sha256]));
