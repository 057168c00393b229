import { beforeEach, expect, test, vi } from "vitest";
import type { Entry } from "./offers.ts";

/** What the page keeps between visits is of no interest here. */
vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => {} });
vi.stubGlobal("sessionStorage", { getItem: () => null, setItem: () => {}, removeItem: () => {} });
const { pixelCostWords, workOfChosen } = await import("./pixel-cost.ts");
const { useModel } = await import("../stores/model.ts");

const work = [
  { side: 512, tokens: 256, flops: 4e12 },
  { side: 768, tokens: 576, flops: 8e12 },
];
const card = { fast: 4e12, slow: 4e12, isMeasured: true };

beforeEach(() => useModel.setState({ info: undefined, loaded: undefined }));

test("tokens and seconds of the largest picture follow from the limit", () => {
  const told = (max_pixels: number): string => pixelCostWords({ min_pixels: null, max_pixels }, work, card);
  expect(told(768 ** 2)).toBe(
    "A picture takes at most 576 tokens, and a row with it about 2 s of training when it is first seen. By the speed that was measured on this machine.",
  );
  expect(told(512 ** 2)).toContain("at most 256 tokens, and a row with it about 1 s of training");
});

test("a lower limit says what the smallest picture costs; without a measurement, what is expected", () => {
  expect(
    pixelCostWords({ min_pixels: 512 ** 2, max_pixels: 768 ** 2 }, work, {
      fast: 8e12,
      slow: 0.5e12,
      isMeasured: false,
    }),
  ).toBe(
    "A picture takes at most 576 tokens, and a row with it 1 s to 16 s of training when it is first seen. One takes at least 256, and a row with it 0.5 s to 8 s of training when it is first seen. Expected of such a machine, not measured.",
  );
});

test("without a limit, or of a model that nobody knows yet, it says what it can", () => {
  expect(pixelCostWords({ min_pixels: null, max_pixels: null }, work, card)).toMatch(/^A picture takes as many tokens/);
  expect(pixelCostWords({ min_pixels: null, max_pixels: 1024 ** 2 }, "unknown", card)).toBe(
    "A picture takes at most 1,024 tokens. How long that takes is told once the model is loaded.",
  );
  expect(pixelCostWords({ min_pixels: null, max_pixels: 768 ** 2 }, "none", card)).toBe("");
});

test("whose pictures: of the model that is chosen, by the catalogue before it is loaded and by itself afterwards", async () => {
  const { default: catalogue } = await import("../../workers/weights/hub/catalogue.json");
  const { choose, chooseHub } = useModel.getState();
  choose({ kind: "embedded" });
  expect(workOfChosen(useModel.getState())).toBe("none");
  chooseHub("HuggingFaceTB/SmolVLM-256M-Instruct");
  expect(workOfChosen(useModel.getState())).toBe("none");
  chooseHub("Qwen/Qwen3-VL-2B-Instruct");
  const listed = (catalogue as Entry[]).find(({ repo }) => repo === "Qwen/Qwen3-VL-2B-Instruct")!;
  expect(workOfChosen(useModel.getState())).toBe(listed.pictureWork);
  choose({ kind: "folder", label: "own", files: [] });
  expect(workOfChosen(useModel.getState())).toBe("unknown");
  const { source, loading } = useModel.getState();
  useModel.setState({ info: { pictureWork: work } as never, loaded: { source, loading } });
  expect(workOfChosen(useModel.getState())).toBe(work);
});
