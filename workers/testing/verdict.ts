/** A self-test's verdict on this adapter, kept as an earlier run would have: the self-test itself has tests of its own. Tests only. */

import { Arguments } from "../headless/arguments.ts";
import { openedModel } from "../headless/open.ts";
import { HOST, verdicts } from "../headless/self-test.ts";
import type { SelfTestResult } from "../self-test/report.ts";
import { headSizesOf, verdictKey } from "../self-test/self-test.ts";
import { sealJson } from "../storage/sealed.ts";
import { testBench } from "./gpu.ts";

/** For commands on the model in `folder`; without results it passes. The cache folder is that of XDG_CACHE_HOME. */
export async function keepVerdict(folder: string, ...results: Partial<SelfTestResult>[]): Promise<void> {
  const { model } = await openedModel(new Arguments(new Map([["model", [folder]]])));
  const key = verdictKey((await testBench()).gpu.facts, headSizesOf(model.config), HOST);
  await verdicts.set([[key, await sealJson({ results })]], "relaxed");
}
