import { expect, test } from "vitest";
import { sharedTiles, tileFigures } from "./linear-tiles.ts";
import { fittingTiles, type SelectionFacts, selectVariants } from "./select.ts";

const discrete: SelectionFacts = {
  vendor: "nvidia",
  software: false,
  maxComputeWorkgroupStorageSize: 32768,
  maxComputeInvocationsPerWorkgroup: 1024,
};
const forward = (columns: number) => ({ direction: "forward", columns, depth: 2048 }) as const;

test("a software adapter gets kernels without barriers, a GPU shared-memory tiles", () => {
  const software = selectVariants({ ...discrete, software: true });
  expect([software.linear(forward(2048)), software.attention]).toEqual(["register", "register"]);
  const gpu = selectVariants(discrete);
  expect(gpu.attention).toBe("shared");
  // TinyLlama: gate|up, q|k|v, o, the adapter's narrow half.
  expect([11264, 2560, 2048, 192].map((columns) => gpu.linear(forward(columns)))).toEqual([
    "128x128",
    "128x64",
    "128x64",
    "32x32",
  ]);
});

test("limits and registers cut the list: 16 KiB everywhere, small register files", () => {
  const baseline = { ...discrete, maxComputeWorkgroupStorageSize: 16384, maxComputeInvocationsPerWorkgroup: 256 };
  expect(fittingTiles(baseline)).toEqual(["128x64", "64x64", "32x32"]);
  expect(selectVariants(baseline).linear(forward(11264))).toBe("128x64");
  expect(fittingTiles({ ...discrete, vendor: "intel" })).toEqual(["64x64", "32x32"]);
  expect(fittingTiles(discrete)).toHaveLength(5);
});

test("every tile says what it costs", () => {
  expect(tileFigures(sharedTiles["128x128"])).toMatchObject({
    threads: 256,
    workgroupBytes: 16576,
    fmasPerSharedWord: 4,
  });
  for (const tile of Object.values(sharedTiles)) {
    const figures = tileFigures(tile);
    expect(Number.isInteger(figures.threads) && figures.threads <= 256).toBe(true);
    expect(figures.workgroupBytes).toBeLessThanOrEqual(32768);
  }
});
