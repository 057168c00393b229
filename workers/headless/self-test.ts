/** `selftest`, and the verdict that `train` asks for: verdicts in a folder that all runs share, so that only the first one pays for it. */
import { toReport } from "../errors.ts";
import { newCounters } from "../gpu/buffers.ts";
import type { Gpu } from "../gpu/device.ts";
import { openNodeGpu } from "../gpu/node.ts";
import { PipelineCache } from "../gpu/program.ts";
import { selectVariants } from "../kernels/select.ts";
import type { Vlm } from "../models/vlm.ts";
import { type HeadSizes, selfTestCases } from "../self-test/cases/index.ts";
import { runGates } from "../self-test/gate.ts";
import type { SelfTestReport } from "../self-test/report.ts";
import {
  forgetVerdict,
  headSizesOf,
  refuseUnlessPassed,
  runSelfTest,
  type VerdictStore,
  verdictOf,
} from "../self-test/self-test.ts";
import { openFsCache } from "../storage/fs-cache.ts";
import { sha256 } from "../storage/sha256.ts";
import type { Store } from "../storage/store.ts";
import type { Arguments } from "./arguments.ts";
import { cacheFolder, note, openedModel } from "./open.ts";
import { terminal } from "./terminal.ts";

/** What drives the adapter here, as a browser does on the page. */
export const HOST = `Node ${process.versions.node}`;

/** llava-1.5-7b's. */
const DEFAULT_HEADS: HeadSizes = { text: 128, vision: 64 };

/** Verdicts by hash of their key. A folder that cannot be written is told of and costs the next run another test, no more. */
export const verdicts: VerdictStore & Pick<Store, "delete"> = {
  async get(key) {
    const cache = await openFsCache(cacheFolder()).catch(() => undefined);
    const reader = await cache?.open(await nameOf(key));
    return reader?.read(0, reader.size);
  },
  async set([entry]) {
    const [key, bytes] = entry!;
    try {
      const writer = await (await openFsCache(cacheFolder())).create(await nameOf(key));
      await writer.write(bytes);
      await writer.commit();
    } catch (error) {
      note(`the self-test will run again next time: ${toReport(error).message}`);
    }
  },
  async delete(keys) {
    try {
      const cache = await openFsCache(cacheFolder());
      for (const key of keys) await cache.delete(await nameOf(key));
    } catch (error) {
      note(
        `the verdict on this GPU could not be forgotten (run selftest before the next run): ${toReport(error).message}`,
      );
    }
  },
};

/** After a run in which this GPU began to compute wrongly: the next one tests every op first. */
export const forgetTested = ({ gpu, config }: Vlm): Promise<void> =>
  forgetVerdict(gpu.facts, headSizesOf(config), HOST, verdicts);

const nameOf = async (key: string): Promise<string> => `self-test-${await sha256(new TextEncoder().encode(key))}`;

/** Throws "unsupported-gpu" naming an op that this adapter computes wrongly. */
export async function refuseUnlessTested({ gpu, pipelines, variants, config }: Vlm): Promise<void> {
  const heads = headSizesOf(config);
  terminal.show("Testing the kernels on this GPU");
  refuseUnlessPassed(await verdictOf({ gpu, pipelines, variants, heads, browser: HOST }, verdicts));
}

/** The report on stdout; fails with the op that fails. `--all` tries the kernels for GPUs on a software adapter too: some minutes. */
export async function selfTest(args: Arguments): Promise<void> {
  const heads = args.maybe("model") ? headSizesOf((await openedModel(args)).model.config) : DEFAULT_HEADS;
  terminal.show("Testing the kernels on this GPU");
  const report = await reportOf(await openNodeGpu(), heads, args.flag("all"));
  terminal.clear();
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  refuseUnlessPassed(report);
}

async function reportOf(gpu: Gpu, heads: HeadSizes, all: boolean): Promise<SelfTestReport> {
  const pipelines = new PipelineCache(gpu, newCounters());
  const facts = all ? { ...gpu.facts, software: false } : gpu.facts;
  const [own, asGpu] = [selectVariants(gpu.facts), selectVariants(facts)];
  const cases = (gpu.facts.software && all ? [own, asGpu] : [own]).flatMap((v) => selfTestCases(v, heads));
  const report = await runSelfTest(gpu, pipelines, cases, HOST);
  if (facts.software || !report.passed) return report;
  return { ...report, gates: await runGates(gpu, pipelines, asGpu, facts) };
}
