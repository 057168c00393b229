import { expect, test } from "vitest";
import { holds } from "./record.ts";

test("what is resident may rise by a small share; what is allocated or reached may not be sure to", () => {
  const trend = { samples: 20, from: 100, to: 500, median: 1e8, growth: 6e6, least: 5e6, most: 7e6 };
  expect(holds("renderer", trend)).toBe(true);
  expect(holds("gpu-process, own", trend)).toBe(true);
  for (const name of ["renderer, allocated", "heap of the page"]) {
    expect(holds(name, trend)).toBe(false);
    expect(holds(name, { ...trend, least: 1e6 })).toBe(true);
  }
  expect(holds("renderer", { ...trend, growth: 2e7 })).toBe(false);
});
