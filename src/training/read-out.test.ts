/** A step of the chart in words, and where the keys lead. */
import { expect, test } from "vitest";
import { placeAfter, readOut } from "./read-out.ts";

const record = { step: 3, loss: 1.25, gradNorm: 0.5, learningRate: 2e-5, targetTokens: 1, tokens: 1, seconds: 1 };
const evaluation = { step: 3, loss: 1.5, targetTokens: 9, metrics: {}, answered: 0 } as never;

test("what is known of a step", () => {
  expect(readOut({ step: 3, record, evaluation }, [3])).toBe(
    "Step 3, loss 1.250, held-out loss 1.500, learning rate 2.00e-5, gradient norm 0.5000, saved here",
  );
  expect(readOut({ step: 0, record: undefined, evaluation }, [3])).toBe("Step 0, held-out loss 1.500");
});

test("keys lead through the steps and not out of them", () => {
  expect(placeAfter("ArrowLeft", undefined, 8)).toBe(7);
  expect(placeAfter("ArrowLeft", 0, 8)).toBe(0);
  expect(placeAfter("ArrowRight", 7, 8)).toBe(7);
  expect(placeAfter("PageDown", 12, 20)).toBe(2);
  expect(placeAfter("Home", 5, 8)).toBe(0);
  expect(placeAfter("End", 0, 8)).toBe(7);
  expect(placeAfter("a", 5, 8)).toBeUndefined();
  expect(placeAfter("Home", undefined, 0)).toBeUndefined();
});
