import { beforeEach, expect, test, vi } from "vitest";

const kept = new Map<string, string>();
vi.stubGlobal("sessionStorage", {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => kept.set(key, value),
  removeItem: (key: string) => kept.delete(key),
});
vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => undefined });
vi.stubGlobal("BroadcastChannel", class {});
vi.mock("../page/workers.ts", () => ({
  engine: (call: (api: unknown) => unknown) =>
    call({
      probe: async () => {
        browser.asked += 1;
        return { usable: browser.asked > browser.nullFor };
      },
      listRuns: async () => [{ id: "a" }],
    }),
  callback: (f: unknown) => f,
}));
const browser = { asked: 0, nullFor: 0 };
const { useApp } = await import("../page/store.ts");
const { useModel } = await import("./model.ts");
const { useTraining } = await import("./training.ts");
const { useWithheldGpu } = await import("./withheld-gpu.ts");

const resumed: unknown[][] = [];
const comeBack = vi.fn(async () => useModel.setState({ info: { id: "m" } as never }));

beforeEach(() => {
  vi.useFakeTimers();
  Object.assign(browser, { asked: 0, nullFor: 0 });
  kept.clear();
  resumed.length = 0;
  comeBack.mockClear();
  useApp.setState({ errors: {}, capability: undefined });
  useModel.setState({ info: undefined, comeBack });
  useTraining.setState({ state: "failed", resumeRun: async (...of) => void resumed.push(of) });
  useWithheldGpu.setState({ waiting: undefined });
});

test("a run that lost the GPU says how to have it back, asks by itself, and goes on when it is there", async () => {
  useModel.setState({ info: { id: "m" } as never });
  browser.nullFor = 11;
  const waiting = useWithheldGpu.getState().begin("a");
  expect(useApp.getState().errors.training).toMatchObject({
    code: "gpu-withheld",
    message: expect.stringMatching(/crashed twice/),
    remedy: expect.stringMatching(/Reload the page/),
    safe: expect.stringMatching(/last checkpoint is saved/),
  });
  await vi.advanceTimersByTimeAsync(110_000);
  expect(resumed).toEqual([]);
  await vi.advanceTimersByTimeAsync(10_000);
  await waiting;
  expect(resumed).toEqual([["a", expect.stringMatching(/by itself/)]]);
  expect(kept.size).toBe(0);
});

test("after three minutes it says what else there is to do, and asks no more", async () => {
  browser.nullFor = 1000;
  const waiting = useWithheldGpu.getState().begin("a");
  await vi.advanceTimersByTimeAsync(180_000);
  await waiting;
  expect(useApp.getState().errors.training).toMatchObject({
    code: "device-lost",
    remedy: expect.stringMatching(/Close all windows/),
  });
  expect(useWithheldGpu.getState().waiting).toBeUndefined();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(browser.asked).toBe(18);
  expect(resumed).toEqual([]);
});

test("a reload by the person goes on with the run, once", async () => {
  void useWithheldGpu.getState().begin("a");
  useApp.setState({ capability: { usable: true } as never });
  await useWithheldGpu.getState().comeBack();
  expect(comeBack).toHaveBeenCalledOnce();
  expect(resumed.map(([id]) => id)).toEqual(["a"]);
  await useWithheldGpu.getState().comeBack();
  expect(resumed.length).toBe(1);
});

test("a reload that does not bring it back waits on", async () => {
  kept.set("tabtune-waits-for-gpu", "a");
  useApp.setState({ capability: { usable: false } as never });
  const waiting = useWithheldGpu.getState().comeBack();
  expect(useApp.getState().errors.training?.code).toBe("gpu-withheld");
  await vi.advanceTimersByTimeAsync(10_000);
  await waiting;
  expect(resumed.map(([id]) => id)).toEqual(["a"]);
});

test("a run that somebody has begun meanwhile is not disturbed, and one that is gone is not asked for", async () => {
  for (const [runId, state] of [
    ["a", "training"],
    ["deleted", "failed"],
  ] as const) {
    kept.set("tabtune-waits-for-gpu", runId);
    useApp.setState({ capability: { usable: true } as never });
    useTraining.setState({ state });
    await useWithheldGpu.getState().comeBack();
  }
  expect(resumed).toEqual([]);
});

test("a run that was deleted meanwhile is not waited for any more, and nothing says that it is", async () => {
  browser.nullFor = 1;
  const waiting = useWithheldGpu.getState().begin("deleted");
  await vi.advanceTimersByTimeAsync(20_000);
  await waiting;
  expect(resumed).toEqual([]);
  expect(useApp.getState().errors.training).toBe(undefined);
});
