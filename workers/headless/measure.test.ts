/** `measure` as a shell would call it; what is measured is tested where it is. */
import { mkdtemp, readdir, readFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { main } from "../headless.ts";
import type { MeasureOptions } from "../measure/measure.ts";
import { parseMeasurement } from "../measure/report.ts";

vi.mock("../measure/measure.ts", async (original) => {
  const real = await original<typeof import("../measure/measure.ts")>();
  const { measurePeak } = await import("../measure/peak.ts");
  const { sizesFor } = await import("../measure/sizes.ts");
  const sizes = { ...sizesFor(true, true), rounds: 1, targetMs: 0, peak: { workgroups: 2, loops: 4, copyBytes: 4096 } };
  const parts = [
    { name: "peaks", seconds: 30, run: measurePeak },
    {
      name: "broken",
      seconds: 30,
      run: () => {
        throw new Error("the card is on fire");
      },
    },
  ];
  return {
    ...real,
    measure: (api: GPU, options: MeasureOptions) => real.measure(api, { ...options, sizes, parts }),
  };
});

async function run(...args: string[]): Promise<{ code: number; said: string }> {
  const said: string[] = [];
  const spy = vi.spyOn(process.stderr, "write").mockImplementation((text) => said.push(String(text)) > 0);
  const code = await main(["measure", ...args]);
  spy.mockRestore();
  return { code, said: said.join("") };
}

test("a part that fails leaves a whole file that says so, a line for each part, and exit code 0", async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "measure-"));
  const file = path.join(folder, "card.json");
  const { code, said } = await run("--out", file, "--quick");
  expect(code).toBe(0);
  const found = parseMeasurement(JSON.parse(await readFile(file, "utf8")));
  expect(found).toMatchObject({ complete: false, host: `Node ${process.versions.node}` });
  expect(found.parts.map(({ status, message }) => [status, message])).toEqual([
    ["done", ""],
    ["failed", "the card is on fire"],
  ]);
  expect(found.peak.copy!.perSecond).toBeGreaterThan(0);
  expect(await readdir(folder)).toEqual(["card.json"]);
  expect(said).toMatch(/\[1 of 2\] peaks: done after .*\n(.*\n)*\[2 of 2\] broken: failed after .*\nNot complete/);
});

test("a file that cannot be written is an error", async () => {
  const { code, said } = await run("--out", "/proc/none/card.json");
  expect(code).toBe(1);
  expect(said).toMatch(/"code":/);
});
