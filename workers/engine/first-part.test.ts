/** The page's first question is answered without the large part of the engine, which is fetched once, and again when that failed. */
import { expect, test, vi } from "vitest";
import { TabTuneError } from "../errors.ts";
import type { EngineApi } from "../protocol/engine.ts";
import { engineInParts, reportingAll } from "./first-part.ts";
import { newEngineState } from "./state.ts";

/** An engine of one call, and how often it was fetched. */
function parts(fetchRest: () => Promise<EngineApi>) {
  const fetched = vi.fn(fetchRest);
  return { api: engineInParts(newEngineState(), fetched), fetched };
}
const rest = { readLog: async (id: string) => [id] } as unknown as EngineApi;

test("what the GPU can do is told without the rest of the engine", async () => {
  const { api, fetched } = parts(async () => rest);
  vi.stubGlobal("navigator", {});
  expect(await api.probe()).toMatchObject({ usable: false, problem: { code: "no-webgpu" } });
  expect(await api.ping()).toBeGreaterThan(0);
  expect(fetched).not.toHaveBeenCalled();
  vi.unstubAllGlobals();
});

test("the rest is fetched once, with the first call that needs it", async () => {
  const { api, fetched } = parts(async () => rest);
  expect(await Promise.all([api.readLog("a"), api.readLog("b")])).toEqual([["a"], ["b"]]);
  expect(fetched).toHaveBeenCalledTimes(1);
});

test("a rest that cannot be fetched is told in a sentence, and asked for again", async () => {
  let down = true;
  const { api } = parts(async () => {
    if (down) throw new TypeError("Failed to fetch dynamically imported module");
    return rest;
  });
  await expect(api.readLog("a")).rejects.toMatchObject({
    code: "network",
    remedy: expect.stringContaining("Reload"),
  });
  down = false;
  expect(await api.readLog("a")).toEqual(["a"]);
});

test("what the rest says is wrong arrives as it was said", async () => {
  const error = new TabTuneError("bad-adapter", "It was made for another model.", "Load that one.", "Nothing changed.");
  const { api } = parts(async () => reportingAll({ readLog: () => Promise.reject(error) }) as unknown as EngineApi);
  await expect(api.readLog("a")).rejects.toEqual(error.report());
});
