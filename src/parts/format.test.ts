import { afterEach, expect, test } from "vitest";
import { speak } from "../words/index.ts";
import { percent } from "./format.ts";

afterEach(() => speak("en"));

test("a share is rounded in one way everywhere, with the language's point", async () => {
  expect([0, 1 / 3, 0.8125, 1].map((share) => percent(share))).toEqual(["0.0 %", "33.3 %", "81.3 %", "100.0 %"]);
  expect(percent(0.815, 0)).toBe("82 %");
  await speak("de");
  expect(percent(1 / 3)).toBe("33,3 %");
});
