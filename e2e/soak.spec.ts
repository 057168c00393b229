/**
 * The same run twice: once left alone, once killed, reloaded, robbed of its GPU, of its disk and of its tab at seeded moments. Both end with
 * the same bytes; what is left in the browser is what the policy says; and a run that is left alone takes no more memory as it goes on.
 * `npm run soak` makes it long and writes the record (docs/soak.md).
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, test } from "@playwright/test";
import { firstVisit } from "./fixtures.ts";
import { type Launch, openBrowser } from "./soak/browser.ts";
import { Disturbing } from "./soak/disturb.ts";
import { processBytes, watchMemory } from "./soak/memory.ts";
import { momentWords, planMoments } from "./soak/moments.ts";
import { features, lastingValues, outcomeOf } from "./soak/outcome.ts";
import { strays } from "./soak/policy.ts";
import { type Alone, type Disturbed, holds, type Lived, megabytes, recordOf, trendsOf } from "./soak/record.ts";
import { addressOf, evaluatedSteps, reachEnd, reachStep, recipeOf, start } from "./soak/run.ts";

const asked = { seed: 5, steps: 16, moments: 4, ...JSON.parse(process.env.TABTUNE_SOAK ?? "{}") } as {
  seed: number;
  steps: number;
  moments: number;
  /** Where the record is written. */
  record?: string;
};
const recipe = recipeOf(asked.steps);
const say = (words: string): boolean => process.stderr.write(`${words}\n`);

// A profile of its own has no place for what other tests begin with.
test.use(firstVisit);

let folder: string;
test.beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tabtune-soak-"));
});
test.afterAll(() => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

async function leftAlone(launch: Launch): Promise<Alone> {
  const { context, page, seen } = await openBrowser(launch, false, addressOf(recipe));
  try {
    await start(page);
    const began = performance.now();
    const watching = watchMemory(page);
    await reachEnd(page, asked.steps);
    const memory = await watching.end();
    const seconds = (performance.now() - began) / 1000;
    expect(seen.errors).toEqual([]);
    const browser = context.browser()!.version();
    return { outcome: await outcomeOf(page, asked.steps), memory, seconds, browser };
  } finally {
    await context.close();
  }
}

async function disturbed(launch: Launch): Promise<Disturbed> {
  const first = await openBrowser(launch, true, addressOf(recipe));
  const disturbing = new Disturbing(first, launch);
  const lived: Lived[] = [];
  const began = performance.now();
  try {
    await start(first.page);
    let from = 0;
    for (const moment of planMoments(asked.seed, asked.steps, asked.moments)) {
      const held = Object.fromEntries(Object.entries(await processBytes()).map(([kind, n]) => [kind, megabytes(n)]));
      // A GPU that is lost before a step is made would be given up.
      const step = await reachStep(disturbing.browser.page, Math.max(moment.step, from + 1));
      const at = performance.now();
      const went = await disturbing.at(moment);
      if (went) from = went.from;
      const seconds = Math.round((performance.now() - at) / 100) / 10;
      lived.push({
        what: momentWords(moment),
        kind: moment.kind,
        step,
        wentOnFrom: went?.from ?? null,
        seconds,
        held,
      });
      say(`${momentWords(moment)}: at step ${step}, ${went ? `went on from ${went.from}` : "stayed"}, ${seconds} s`);
    }
    const { page } = disturbing.browser;
    await reachEnd(page, asked.steps);
    const seconds = (performance.now() - began) / 1000;
    expect(disturbing.seen.flatMap(({ errors }) => errors)).toEqual([]);
    return { outcome: await outcomeOf(page, asked.steps), lived, seconds };
  } finally {
    await disturbing.browser.context.close();
  }
}

test(
  `${asked.moments} faults in ${asked.steps} steps change nothing and leave nothing behind`,
  { tag: "@long" },
  async ({ playwright: _, baseURL, viewport }, testInfo) => {
    test.setTimeout(120_000 + asked.steps * 20_000 + asked.moments * 120_000);
    const launchOf = (name: string): Launch => ({
      ...testInfo.project.use.launchOptions,
      ...{ baseURL, viewport, profile: path.join(folder, name) },
    });
    const alone = await leftAlone(launchOf("alone"));
    say(`left alone: ${Math.round(alone.seconds)} s`);
    // Without moments it is memory alone that is asked about.
    const other = asked.moments > 0 ? await disturbed(launchOf("disturbed")) : undefined;
    if (other) say(`disturbed: ${Math.round(other.seconds)} s`);
    const trends = trendsOf(alone.memory, asked.steps);
    fs.writeFileSync(testInfo.outputPath("memory.json"), JSON.stringify(alone.memory));
    const record = recordOf({ ...asked, recipe, alone, other, trends });
    if (asked.record) fs.writeFileSync(asked.record, `${JSON.stringify(record, null, 1)}\n`);

    await test.step("the same adapter, log, held-out losses, answers and moments", () => {
      if (!other) return;
      expect(other.outcome.log).toEqual(alone.outcome.log);
      expect(other.outcome.adapterSha256).toBe(alone.outcome.adapterSha256);
      expect(lastingValues(other.outcome.stored)).toEqual(lastingValues(alone.outcome.stored));
      const computed = features(alone.outcome.stored);
      for (const [key, hash] of features(other.outcome.stored)) expect(computed.get(key)).toBe(hash);
      expect([...other.outcome.stored.files]).toEqual([...alone.outcome.stored.files]);
    });

    await test.step("nothing is missing in storage, and nothing else is there", () => {
      const evaluated = evaluatedSteps(recipe);
      const expected = { steps: asked.steps, evaluated, answers: recipe.eval_answers, generations: 2 };
      expect(strays(alone.outcome.stored, expected)).toEqual([]);
      if (other) expect(strays(other.outcome.stored, expected)).toEqual([]);
    });

    await test.step("memory does not grow", () => {
      for (const [name, trend] of Object.entries(trends))
        expect(holds(name, trend), `${name}: ${JSON.stringify(trend)}`).toBe(true);
    });
  },
);
