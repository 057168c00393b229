import { expect, test, vi } from "vitest";
import type { LoadProgress } from "../../workers/protocol/model.ts";
import { fakeWebStorage } from "../../workers/testing/fake-web-storage.ts";

const loading = { quantize_modules: ["language_model"], max_image_tiles: null };
const kept = JSON.stringify({ model: { source: { kind: "embedded" }, label: "The demo model", loading } });
vi.stubGlobal("localStorage", {
  getItem: (key: string) => (key === "tabtune-session" ? kept : null),
  setItem: () => undefined,
});
const ofTab = new Map<string, string>();
vi.stubGlobal("sessionStorage", fakeWebStorage(ofTab));
vi.stubGlobal("window", { addEventListener: () => undefined });
const navigation = { type: "reload" };
vi.stubGlobal("performance", { getEntriesByType: () => [navigation] });
vi.stubGlobal("document", { querySelector: () => null });
const told: ((progress: LoadProgress) => void)[] = [];
vi.mock("../page/workers.ts", () => ({
  callback: (call: unknown) => call,
  engine: (call: (api: unknown) => unknown) =>
    call({
      loadModel: async (_source: unknown, _loading: unknown, onProgress: (progress: LoadProgress) => void) => {
        told.push(onProgress);
        onProgress({ phase: "reading", fraction: 0.5, detail: "" });
        return { id: "demo", label: "The demo model" };
      },
    }),
}));
const { useModel } = await import("./model.ts");

test("what a load says after its end, by another port, is not heard", async () => {
  await useModel.getState().load();
  expect(useModel.getState()).toMatchObject({ info: { id: "demo" }, progress: undefined });
  told[0]!({ phase: "uploading", fraction: 1, detail: "" });
  expect(useModel.getState().progress).toBeUndefined();
});

test("a model is loaded anew from where it came, whatever has been chosen since, with some keys of its own", async () => {
  await useModel.getState().load();
  useModel.getState().setLoading({ max_image_tiles: 5, bnb_4bit_quant_type: "fp4" });
  useModel.getState().chooseHub("someone/else");
  await useModel.getState().loadWith({ quantize_modules: ["language_model", "vision_tower"] });
  const { loaded, loading, source } = useModel.getState();
  expect(source).toEqual({ kind: "embedded" });
  expect(loaded).toEqual({ source, loading });
  expect(loading).toMatchObject({
    quantize_modules: ["language_model", "vision_tower"],
    ...{ max_image_tiles: null, bnb_4bit_quant_type: "nf4" },
  });
});

const comeBack = async (): Promise<string | undefined> => {
  useModel.setState({ info: undefined });
  await useModel.getState().comeBack();
  return useModel.getState().info?.label;
};

test("a reload has the model again, a new visit asks", async () => {
  expect(await comeBack()).toBe("The demo model");
  navigation.type = "navigate";
  expect(await comeBack()).toBeUndefined();
  navigation.type = "reload";
  expect(ofTab.size).toBe(0);
});

test("a tab that died as its model came back does not try it at once again", async () => {
  ofTab.set("tabtune-coming-back", "The demo model");
  expect(await comeBack()).toBeUndefined();
  expect(await comeBack()).toBe("The demo model");
});

test("what somebody loads meanwhile is left alone", async () => {
  await useModel.getState().load();
  const loads = told.length;
  await useModel.getState().comeBack();
  expect(told.length).toBe(loads);
});
