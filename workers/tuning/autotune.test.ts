import { expect, test } from "vitest";
import { testBench } from "../gpu/testing.ts";
import { registerVariants } from "../gpu/variants.ts";
import { autotune, shapesOf, tunedVariants } from "./autotune.ts";

test("each shape once, in both directions; what was not timed is chosen as before", () => {
  const shapes = shapesOf([
    { out: 64, in: 32 },
    { out: 64, in: 32 },
    { out: 32, in: 64 },
  ]);
  expect(shapes).toHaveLength(4);
  const variants = tunedVariants({ "forward 32 to 64": "64x64" }, registerVariants);
  expect(variants.linear({ direction: "forward", columns: 64, depth: 32 })).toBe("64x64");
  expect(variants.linear({ direction: "backward", columns: 64, depth: 32 })).toBe("register");
  expect(variants.attention).toBe("register");
});

test("the fastest tile of a shape is one of those that were timed", async () => {
  const { gpu, pipelines } = await testBench();
  const shape = { direction: "forward", columns: 72, depth: 40 } as const;
  const tuned = await autotune(gpu, pipelines, [shape], ["32x32", "64x64"], 37);
  expect(["32x32", "64x64"]).toContain(tuned["forward 40 to 72"]);
});
