import { expect, test } from "vitest";
import { TabTuneError } from "./errors.ts";

test("a name of a file that is as long as the file makes no sentence of its length", () => {
  const error = new TabTuneError("bad-row", `There is no ${"x".repeat(1e6)}.`, "y".repeat(1e6), "z");
  expect([error.message.length, error.remedy.length, error.safe]).toEqual([2000, 2000, "z"]);
  expect(error.message).toMatch(/^There is no x+…$/);
});
