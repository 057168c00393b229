import { beforeEach, expect, test, vi } from "vitest";
import { fakeWebStorage } from "../../workers/testing/fake-web-storage.ts";

const today = new Date("2026-11-29T10:00:00Z");
let kept: Map<string, string>;
beforeEach(() => {
  kept = new Map();
  vi.stubGlobal("localStorage", fakeWebStorage(kept));
});

/** A page that opens. */
async function visit(): Promise<(runs: number) => unknown> {
  vi.resetModules();
  const { noteRuns } = await import("./runs-kept.ts");
  return (runs) => noteRuns(runs, today);
}

test("runs that were there in the last visit and are gone in this one are missed, once", async () => {
  (await visit())(3);
  const note = await visit();
  expect(note(0)).toEqual({ runs: 3, day: "2026-11-29" });
  expect(note(0)).toBeUndefined();
  expect((await visit())(0)).toBeUndefined();
});

test("what somebody deletes in a visit is not missed, nor what was never there, nor a broken note", async () => {
  const note = await visit();
  expect(note(0)).toBeUndefined();
  note(2);
  expect(note(0)).toBeUndefined();
  expect((await visit())(0)).toBeUndefined();
  kept.set("tabtune-runs-kept", '{"runs":"many"}');
  expect((await visit())(0)).toBeUndefined();
  (await visit())(2);
  expect((await visit())(1)).toBeUndefined();
});
