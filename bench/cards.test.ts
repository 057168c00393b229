/** The page of cards is what the files of bench/cards/ make of it, and those files are whole. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type Card, cardsIn, cardsText, withCards } from "./cards.ts";

const at = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const cards = await cardsIn(at("cards"));

test("docs/cards.md is what the script makes", async () => {
  const page = await readFile(at("../docs/cards.md"), "utf8");
  expect(withCards(page, cards)).toBe(page);
  expect(cards.length).toBeGreaterThan(1);
});

describe.each(cards.map((card) => [card.name, card] as const))("%s", (_, { found }) => {
  test("is complete; every op and optional kernel was right", () => {
    expect(found.parts.filter(({ status }) => status !== "done" && status !== "skipped")).toEqual([]);
    expect(found.complete).toBe(true);
    const tested = [...found.selfTest.results, ...found.selfTest.gates];
    expect(tested.filter((r) => !r.passed || r.error === null || r.error > found.selfTest.limit)).toEqual([]);
    // Both families, all of whose ops the self-test has.
    for (const family of ["software", "gpu"])
      expect(found.selfTest.results.filter((r) => r.op.endsWith(`, ${family}`)).length, family).toBeGreaterThan(60);
  });

  test("takes the bytes that were planned, within a hundredth", () => {
    expect(found.models.length).toBeGreaterThan(0);
    for (const { plannedBytes, allocatedBytes } of found.models)
      expect(Math.abs(allocatedBytes / plannedBytes - 1)).toBeLessThan(0.01);
  });
});

test("a peer's file beside ours gives a ratio, and what failed is told", () => {
  const [card] = cards;
  const [model] = card!.found.models;
  const peer: Card["peer"] = {
    version: 1,
    device: "a card",
    versions: { torch: "2.13.0" },
    peaks: { f32: 1e12, tf32: null, f16: 2e12 },
    models: [{ name: model!.name, weights: "nf4", tokensPerSecond: model!.step!.tokensPerSecond / 2, peakBytes: 1 }],
    failures: [{ name: "another", message: "out of\nmemory" }],
  };
  const text = cardsText([{ ...card!, peer }]);
  expect(text).toContain("2.00× (nf4)");
  expect(text).toContain("torch 2.13.0");
  expect(text).toContain("- peer, another: out of memory");
});

test("what was cut off, and a choice that is not the fastest, are on the page", () => {
  const [card] = cards;
  const product = card!.found.products.find((p) => p.variants.length > 1)!;
  const slower = product.variants.find((v) => v.name !== product.fastest)!;
  const found = {
    ...card!.found,
    complete: false,
    parts: [{ name: "products", status: "cut off" as const, seconds: 1, message: "its 1 s were used up" }],
    products: [{ ...product, tuned: slower.name }],
  };
  const text = cardsText([{ ...card!, found }]);
  expect(text).toContain("products cut off");
  expect(text).toContain("- products: cut off. its 1 s were used up");
  const best = product.variants.find((v) => v.name === product.fastest)!;
  expect(text).toContain(`${slower.name} ${(slower.time.median / best.time.median).toFixed(2)}×`);
});

test("a page without marks is refused", () => {
  expect(() => withCards("# Cards", cards)).toThrow(/no marks/);
});
