import { expect, test, vi } from "vitest";
import type { LoadProgress } from "../../workers/protocol/model.ts";

vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => undefined });
vi.stubGlobal("window", {});
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
