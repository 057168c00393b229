import { expect, test } from "vitest";
import { softwareVariants } from "../gpu/variants.ts";
import { linearForward } from "../kernels/linear/linear.ts";
import { forcedVariants } from "../kernels/select.ts";
import { randomArray, testBench } from "../testing/gpu.ts";
import { autotune, fastestTile, shapesOf, tunedVariants } from "./autotune.ts";

test("each shape once, in both directions; what was not timed is chosen as before", () => {
  const shapes = shapesOf([
    { out: 64, in: 32 },
    { out: 64, in: 32 },
    { out: 32, in: 64 },
  ]);
  expect(shapes).toHaveLength(4);
  const variants = tunedVariants(
    { linear: { "forward 32 to 64": "64x64" }, decode: { "forward 32 to 64": "subgroup" } },
    softwareVariants,
  );
  expect(variants.linear({ direction: "forward", columns: 64, depth: 32 })).toBe("64x64");
  expect(variants.linear({ direction: "backward", columns: 64, depth: 32 })).toBe("software");
  expect(variants.decode({ columns: 64, depth: 32 })).toBe("subgroup");
  expect(variants.decode({ columns: 32, depth: 64 })).toBe("software");
  expect(variants.attention).toBe("software");
});

test("a tile of f16 weights has to pay for its rounding", () => {
  expect(fastestTile(["64x64", "64x64 f16"], [100, 97])).toBe("64x64");
  expect(fastestTile(["64x64", "64x64 f16"], [100, 90])).toBe("64x64 f16");
});

test("the fastest tile of a shape is one of those that were timed, and each gives the same bits", async () => {
  const bench = await testBench();
  const { gpu, pipelines, arena } = bench;
  const shape = { direction: "forward", columns: 72, depth: 40 } as const;
  const tuned = await autotune(gpu, pipelines, [shape], { tiles: ["32x32", "64x64"], decodes: ["workgroup"] }, 37);
  expect(["32x32", "64x64"]).toContain(tuned.linear["forward 40 to 72"]);
  expect(tuned.decode).toEqual({ "forward 40 to 72": "workgroup" });
  const weight = {
    format: "nf4",
    out: 72,
    in: 40,
    blockSize: 64,
    codes: arena.upload("codes", randomArray((72 * 40) / 8, 1)),
    absmax: arena.upload("absmax", randomArray((72 * 40) / 64, 2)),
    absmaxFormat: "f32",
  } as const;
  const x = arena.upload("x", randomArray(37 * 40, 3));
  const results = [];
  for (const tile of ["32x32", "64x64"] as const) {
    const y = arena.tensor("y", 37 * 72);
    results.push(
      await bench.run((r) => linearForward(r, { y, x, weight, rows: 37 }), [y], {}, forcedVariants(tile, "gpu")),
    );
  }
  expect(results[0]).toEqual(results[1]);
  expect(results[0]![0]!.some((v) => v !== 0)).toBe(true);
});
