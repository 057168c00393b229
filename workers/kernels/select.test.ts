import { expect, test } from "vitest";
import { gpuTiles, tileFigures } from "./linear/tiles.ts";
import { fittingDecodes, fittingTiles, type SelectionFacts, selectVariants } from "./select.ts";

const discrete: SelectionFacts = {
  vendor: "nvidia",
  software: false,
  features: [],
  maxComputeWorkgroupStorageSize: 32768,
  maxComputeInvocationsPerWorkgroup: 1024,
};
const forward = (columns: number) => ({ direction: "forward", columns, depth: 2048 }) as const;

test("a software adapter gets the software family, a GPU tiles of the GPU family", () => {
  const software = selectVariants({ ...discrete, software: true });
  expect([software.linear(forward(2048)), software.attention]).toEqual(["software", "software"]);
  const gpu = selectVariants(discrete);
  expect(gpu.attention).toBe("gpu");
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

test("tiles with f16 weights and subgroup sums are for adapters that offer the feature, and no rule chooses them", () => {
  const offered = { ...discrete, features: ["shader-f16", "subgroups"] };
  expect(fittingTiles(offered).filter((name) => !fittingTiles(discrete).includes(name))).toEqual([
    "128x128 f16",
    "128x64 f16",
    "64x64 f16",
  ]);
  // Half the bytes of W's tile: what 16 KiB have no room for in f32.
  const small = { ...offered, maxComputeWorkgroupStorageSize: 16384 };
  expect(fittingTiles(small)).toEqual(["128x128 f16", "128x64", "128x64 f16", "64x64", "64x64 f16", "32x32"]);
  expect([fittingDecodes(discrete), fittingDecodes(offered)]).toEqual([["workgroup"], ["workgroup", "subgroup"]]);
  expect(selectVariants(offered).linear(forward(11264))).toBe("128x128");
  expect(selectVariants(offered).decode(forward(2048))).toBe("workgroup");
  expect(selectVariants({ ...offered, software: true }).decode(forward(2048))).toBe("software");
});

test("every tile says what it costs", () => {
  expect(tileFigures(gpuTiles["128x128"])).toMatchObject({
    threads: 256,
    workgroupBytes: 16576,
    fmasPerSharedWord: 4,
  });
  for (const tile of Object.values(gpuTiles)) {
    const figures = tileFigures(tile);
    expect(Number.isInteger(figures.threads) && figures.threads <= 256).toBe(true);
    expect(figures.workgroupBytes).toBeLessThanOrEqual(32768);
  }
});
