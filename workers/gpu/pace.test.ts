import { expect, test } from "vitest";
import { random as seededRandom } from "./numbers.ts";
import { expectedSeconds, isKnown, type KernelPace, learn, type Pace, paceOf } from "./pace.ts";

const of = (kernel: KernelPace): number => expectedSeconds(kernel, 1e11);
const alone = (kernel: KernelPace, seconds: number): void => learn(new Map([[kernel, of(kernel)]]), seconds);

/** Two kernels that are known to take 100 ms and 50 ms for 1e11 FLOPs. */
function known(): [KernelPace, KernelPace] {
  const pace: Pace = { flopsPerSecond: 1e11 };
  const both: [KernelPace, KernelPace] = [paceOf(pace, "a"), paceOf(pace, "b")];
  for (let n = 0; n < 12; n++) {
    alone(both[0], 0.1);
    alone(both[1], 0.05);
  }
  expect(both.map(isKnown)).toEqual([true, true]);
  expect(both.map(of)).toEqual([expect.closeTo(0.1, 3), expect.closeTo(0.05, 3)]);
  return both;
}

test("a kernel that is timed alone is known when two timings agree with what was expected", () => {
  const kernel = paceOf({ flopsPerSecond: 1e11 }, "a");
  const seen = [0.02, 0.02, 0.02, 0.02].map((seconds) => {
    alone(kernel, seconds);
    return [of(kernel), isKnown(kernel)];
  });
  // 1 s was the guess: each timing makes it half as long at most.
  expect(seen.map(([seconds]) => seconds)).toEqual([0.5, 0.25, 0.125, 0.0625].map((s) => expect.closeTo(s, 4)));
  for (let n = 0; n < 3; n++) alone(kernel, 0.02);
  expect(of(kernel)).toBeCloseTo(0.02, 4);
  expect(isKnown(kernel)).toBe(true);
});

test("a guess that was forty times too high is put right in three timings", () => {
  const kernel = paceOf({ flopsPerSecond: 1e11 }, "a");
  for (let n = 0; n < 3; n++) alone(kernel, 40);
  expect(of(kernel)).toBeCloseTo(40, 1);
});

test("a hiccup of an hour moves little, and has the kernels timed again", () => {
  const [a, b] = known();
  learn(
    new Map([
      [a, 0.1],
      [b, 0.01],
    ]),
    3600,
  );
  expect(of(a)).toBeLessThan(0.16);
  expect(of(b)).toBeLessThan(0.06);
  expect([a, b].map(isKnown)).toEqual([false, false]);
  for (let n = 0; n < 3; n++) alone(a, 0.1);
  expect(of(a)).toBeCloseTo(0.1, 3);
  expect(isKnown(a)).toBe(true);
});

test("what changes slowly is followed together, each kernel by its share", () => {
  const [a, b] = known();
  for (let n = 0; n < 20; n++) {
    const expected = new Map([
      [a, of(a)],
      [b, of(b) / 10],
    ]);
    learn(expected, 1.4 * (0.1 + 0.005));
  }
  expect(of(a) / 0.1).toBeGreaterThan(1.35);
  expect(of(a) / 0.1).toBeLessThan(1.45);
  expect(of(b) / 0.05).toBeLessThan(1.05);
});

test("a reply that seems to come at once makes nothing more than twice as fast", () => {
  const [a, b] = known();
  learn(
    new Map([
      [a, 1e-6],
      [b, 0.05],
    ]),
    0,
  );
  expect(of(a)).toBeCloseTo(0.1, 3);
  expect(of(b)).toBeGreaterThan(0.024);
});

test("a short submit that was thought to be shorter is the reply's way, not the GPU's", () => {
  const [a] = known();
  learn(new Map([[a, 0.0001]]), 0.003);
  expect(of(a)).toBeCloseTo(0.1, 3);
});

test("no timing makes a pace that is not a positive number", () => {
  const random = seededRandom(3);
  const odd = [0, Number.NaN, Number.POSITIVE_INFINITY, -1, 1e-300, 1e300];
  const pace: Pace = { flopsPerSecond: 1e12 };
  const both = [paceOf(pace, "a"), paceOf(pace, "b")] as const;
  for (let n = 0; n < 3000; n++) {
    const any = (): number => (random() < 0.2 ? odd[n % odd.length]! : random());
    const expected = new Map([
      [both[0], any()],
      [both[1], expectedSeconds(both[1], Number.NaN)],
    ]);
    learn(random() < 0.2 ? new Map() : expected, any());
    for (const kernel of both) {
      if (!(of(kernel) > 0 && of(kernel) < Number.POSITIVE_INFINITY)) throw new Error(`${n}: ${of(kernel)}`);
    }
  }
});
