import { expect, test } from "vitest";
import type { LoadProgress } from "../protocol/model.ts";
import { openOpfsCache } from "../storage/opfs.ts";
import { plan, weights } from "../testing/checkpoints.ts";
import { fakeOpfs } from "../testing/fake-opfs.ts";
import { openCheckpoint } from "../weights/hub/model-files.ts";
import { filesFromBlobs } from "../weights/hub/source.ts";
import { loadCost, loadOrQuantise } from "../weights/loading/quantised-cache.ts";
import { stoppable, withTransfer } from "./model-files.ts";

const load = (network: boolean) => {
  let time = 0;
  const reported: LoadProgress[] = [];
  const { arrived, report } = withTransfer(
    (p) => reported.push(p),
    network,
    () => time,
  );
  return {
    reported,
    report,
    at(ms: number, bytes: number) {
      time = ms;
      arrived(bytes);
    },
  };
};
const reading = { phase: "reading", fraction: 0, detail: "embed", toRead: 1000 } as const;

test("the network's bar tells amount, speed over the last seconds and time left", () => {
  const { reported, report, at } = load(true);
  report(reading);
  expect(reported.at(-1)!.fetched).toEqual({ bytes: 0, total: 1000, bytesPerSecond: 0, secondsLeft: null });
  at(0, 100);
  at(1000, 100);
  expect(reported.at(-1)!.fetched).toEqual({ bytes: 200, total: 1000, bytesPerSecond: 200, secondsLeft: 4 });
  // What came more than five seconds ago tells nothing of the speed now.
  at(9000, 50);
  expect(reported.at(-1)!.fetched).toMatchObject({ bytes: 250, bytesPerSecond: 100 });
});

test.each(["reading", "uploading"] as const)("pieces are reported five times a second at most, while %s", (phase) => {
  const { reported, report, at } = load(true);
  report({ ...reading, phase });
  for (let ms = 0; ms <= 1000; ms += 10) at(ms, 1);
  expect(reported.length).toBeLessThanOrEqual(6);
});

test("tensors are reported five times a second at most, what comes after them at once", () => {
  const { reported, report, at } = load(false);
  for (let ms = 0; ms <= 1000; ms += 10) {
    at(ms, 0);
    report({ ...reading, phase: ms % 20 ? "reading" : "quantising", fraction: ms / 1000 });
  }
  expect(reported.length).toBe(6);
  report({ ...reading, phase: "uploading", fraction: 1 });
  expect(reported.slice(6).map(({ phase }) => phase)).toEqual(["uploading"]);
});

test("a folder has no such bar, nor has a load that needs no network", () => {
  const folder = load(false);
  folder.report(reading);
  const cached = load(true);
  cached.report({ ...reading, toRead: 0 });
  expect([...folder.reported, ...cached.reported]).toEqual(
    Array(2).fill({ phase: "reading", fraction: 0, detail: "embed" }),
  );
});

test("a load that reads a folder ends at the next progress after a stop", async () => {
  const cache = await openOpfsCache("weights", fakeOpfs().root);
  const checkpoint = await openCheckpoint(
    filesFromBlobs([{ path: "m/model.safetensors", blob: new Blob([weights as BlobPart]) }]),
  );
  const stop = new AbortController();
  const drain = async (signal: AbortSignal): Promise<string[]> => {
    const names: string[] = [];
    const tensors = loadOrQuantise(
      checkpoint,
      plan,
      cache,
      stoppable(signal, () => undefined),
    );
    for await (const { name } of tensors) {
      names.push(name);
      if (names.length === 4) stop.abort();
    }
    return names;
  };
  await expect(drain(stop.signal)).rejects.toMatchObject({ code: "cancelled" });
  expect((await loadCost(checkpoint, plan, cache)).toWrite).toBeGreaterThan(0);
  expect(await drain(new AbortController().signal)).toHaveLength(plan.length);
  expect((await loadCost(checkpoint, plan, cache)).toWrite).toBe(0);
});
