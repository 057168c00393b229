import { readFileSync } from "node:fs";
import { beforeEach, expect, test, vi } from "vitest";
import { fakeWebStorage } from "../../workers/testing/fake-web-storage.ts";

const kept = new Map<string, string>();
vi.stubGlobal("localStorage", fakeWebStorage(kept));
const { adapterOf, rememberSpeed } = await import("../page/speed.ts");
const { SPEEDS } = await import("../page/card-speeds.ts");
const { machineWords, SMOLVLM_FLOPS } = await import("./machine.ts");

beforeEach(() => kept.clear());

const docs = (page: string): string => readFileSync(new URL(`../../docs/${page}`, import.meta.url), "utf8");
const adapter = (vendor: string, architecture = "", software = false) => ({ vendor, architecture, software });

test("every figure is in the pages that it is from", () => {
  expect(docs("measured.md")).toContain(`| SmolVLM 256M, pictures whole | ${SMOLVLM_FLOPS / 1e12} TFLOP |`);
  const cards = docs("cards.md");
  const expected = (row: RegExp): number => {
    const [, peak, share] = row.exec(cards)!;
    return Number(peak) * 1e12 * (Number(share) / 100);
  };
  expect(SPEEDS["GeForce RTX 4060"]).toBeCloseTo(expected(/\| RTX 4060 \| ([\d.]+) TFLOP.*? \d+ %, (\d+) % \|/), 0);
  expect(SPEEDS["Apple M2"]).toBeCloseTo(expected(/\| M2 \(10 cores\) \| ([\d.]+) TFLOP.*? \d+ %, (\d+) % \|/), 0);
  expect(SPEEDS["Intel Iris Xe"]).toBeCloseTo(
    expected(/\| Iris Xe \(96 EU\) \| ([\d.]+) TFLOP.*? \d+ %, (\d+) % \|/),
    0,
  );
  expect(cards).toContain(`${SPEEDS.llvmpipe / 1e9} GFLOP/s, 39 %`);
  expect(cards).toContain(`${SPEEDS.SwiftShader / 1e9} GFLOP/s, 40 %`);
});

test("before anything was measured: by the kind of adapter", () => {
  expect(machineWords(adapter("google", "swiftshader", true))).toMatch(
    /no graphics card.*a minute or two.*9 min to 24 min/i,
  );
  expect(machineWords(adapter("apple", "metal-3"))).toMatch(/Apple M2, should take about 2 s/);
  expect(machineWords(adapter("nvidia", "ada"))).toMatch(/GeForce RTX 4060, should take about 0\.5 s/);
  expect(machineWords(adapter("intel", "gen-12lp"))).toMatch(/Intel Iris Xe, should take about 6 s/);
  for (const other of [adapter("amd", "rdna-3"), adapter("intel", "xe-2hpg"), adapter("")])
    expect(machineWords(other)).toMatch(/from about 0\.5 s .* to about 6 s/);
});

test("what was measured here, on this adapter only", () => {
  const speed = { date: "2026-11-29T10:00:00Z", model: "tiny", rows: 4, seconds: 0.84 };
  const [one, other] = [adapter("nvidia", "ada"), adapter("apple", "metal-3")];
  rememberSpeed({ ...speed, adapter: adapterOf(one) });
  expect(machineWords(one)).toBe("Measured here on 11/29/2026: a step of training (tiny, 4 rows at once) takes 0.8 s.");
  expect(machineWords(other)).toMatch(/not measured yet/);
  rememberSpeed({ ...speed, adapter: adapterOf(one), flopsPerSecond: SMOLVLM_FLOPS / 3 });
  expect(machineWords(one)).toMatch(/One of SmolVLM-256M with 8 pictures would take about 3 s\.$/);
});

test("a processor that was measured is a processor still", () => {
  const software = adapter("google", "swiftshader", true);
  rememberSpeed({ adapter: adapterOf(software), date: "2026-11-29T10:00:00Z", model: "tiny", rows: 4, seconds: 2 });
  expect(machineWords(software)).toMatch(
    /^This page found no graphics card.* a step of training \(tiny, 4 rows at once\) takes 2 s\.$/,
  );
});

test("a note of another version is no note", () => {
  kept.set("tabtune-speed", "{");
  expect(machineWords(adapter("apple"))).toMatch(/not measured yet/);
  kept.set("tabtune-speed", '{"seconds":"2"}');
  expect(machineWords(adapter("apple"))).toMatch(/not measured yet/);
});
