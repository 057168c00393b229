import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Throttle, throttle } from "./throttle.ts";

let said: string[];
let throttled: Throttle;
beforeEach(() => {
  vi.useFakeTimers();
  said = [];
  throttled = throttle((text) => said.push(text), 5000);
});
afterEach(() => {
  vi.useRealTimers();
});

test("a steady stream is heard every five seconds, with the newest text", () => {
  for (let step = 1; step <= 21; step++) {
    throttled.say(`step ${step}`);
    vi.advanceTimersByTime(1000);
  }
  expect(said).toEqual(["step 1", "step 5", "step 10", "step 15", "step 20"]);
});

test("what must be heard at once is, and what waited is not said after it", () => {
  throttled.say("step 1");
  throttled.say("step 2");
  throttled.say("done", true);
  vi.advanceTimersByTime(20_000);
  expect(said).toEqual(["step 1", "done"]);
});

test("after a stop nothing is said", () => {
  throttled.say("step 1");
  throttled.say("step 2");
  throttled.stop();
  vi.advanceTimersByTime(20_000);
  expect(said).toEqual(["step 1"]);
});
