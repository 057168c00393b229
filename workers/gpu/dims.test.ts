/** Names of dims are part of a program's type: what `@ts-expect-error` marks does not compile, or tsc fails on the mark itself. */
import { expect, test } from "vitest";
import { rmsNormForward } from "../kernels/norm/rms-norm.ts";
import { Planner } from "./buffers.ts";
import { type Program, Recorder, type Size } from "./program.ts";

type Train = "rows" | "labelRows" | "step";

test("a dim that is misspelt, forgotten or of another program is a compile error", () => {
  const planner = new Planner();
  const [y, x, weight, rstd] = [8, 8, 4, 2].map((length) => planner.tensor("any", length));
  const norm = { y: y!, x: x!, weight: weight!, rstd: rstd!, size: 4, eps: 1e-5 };
  const r = new Recorder<Train>();
  rmsNormForward(r, { ...norm, rows: (d) => d.rows });
  // A part of the names is enough for a size, and none for a number.
  const half: Size<"rows"> = (d) => d.rows / 2;
  rmsNormForward(r, { ...norm, rows: half, xRow: 3 });
  // @ts-expect-error no such dim
  rmsNormForward(r, { ...norm, rows: (d) => d.rwos });
  const tiles: Size<"tiles"> = (d) => d.tiles;
  // @ts-expect-error a dim of another program
  rmsNormForward(r, { ...norm, rows: tiles });
  // @ts-expect-error a program without dims
  rmsNormForward(new Recorder<never>(), { ...norm, rows: half });
  expect(r.specs).toHaveLength(4);

  const runs = (program: Program<Train>): unknown[] => [
    program.flops({ rows: 1, labelRows: 2, step: 3 }),
    // @ts-expect-error labelRows is missing
    program.flops({ rows: 1, step: 3 }),
    // @ts-expect-error labelRows is missing
    program.run({ rows: 1, step: 3 }, { flopsPerSecond: 1 }),
    // @ts-expect-error a name too many
    program.run({ rows: 1, labelRows: 2, step: 3, tiles: 4 }, { flopsPerSecond: 1 }),
  ];
  expect(runs).toBeDefined();
});
