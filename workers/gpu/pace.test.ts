import { expect, test } from "vitest";
import { random as seededRandom } from "./numbers.ts";
import {
  budgets,
  expectedSeconds as expectedOf,
  type Grid,
  type KernelPace,
  learn,
  type Pace,
  paceOf,
  pieceOf,
} from "./pace.ts";

const expectedSeconds = (pace: Pace, kernel: string, flops: number): number => expectedOf(paceOf(pace, kernel), flops);
const of = (pace: Pace, expected: Record<string, number>): Map<KernelPace, number> =>
  new Map(Object.entries(expected).map(([kernel, seconds]) => [paceOf(pace, kernel), seconds]));

interface Dispatch {
  kernel: string;
  flops: number;
}

/** FLOP/s by kernel, and what a dispatch takes whatever it does. */
interface SimulatedGpu {
  speeds: Record<string, number>;
  overhead: number;
}

const truly = ({ speeds, overhead }: SimulatedGpu, d: Dispatch): number => overhead + d.flops / speeds[d.kernel]!;

/** Sends a program's dispatches as `Program.run` does, with timings off by `noise`. Returns the longest piece and submit in ms. */
function replay(pace: Pace, gpu: SimulatedGpu, dispatches: Dispatch[], noise = 0, random = seededRandom(1)) {
  const { dispatchMs, submitMs } = budgets["full speed"];
  const longest = { piece: 0, submit: 0, submits: 0 };
  let expected: Record<string, number> = {};
  let [estimate, spent] = [0, 0];
  const send = (): void => {
    if (estimate === 0) return;
    learn(of(pace, expected), spent * (1 + noise * (2 * random() - 1)) + 0.0003);
    longest.submit = Math.max(longest.submit, spent * 1000);
    longest.submits += 1;
    expected = {};
    [estimate, spent] = [0, 0];
  };
  for (const d of dispatches) {
    const pieces = Math.ceil((expectedSeconds(pace, d.kernel, d.flops) * 1000) / dispatchMs);
    const piece = { ...d, flops: d.flops / pieces };
    for (let n = 0; n < pieces; n++) {
      const seconds = expectedSeconds(pace, d.kernel, d.flops) / pieces;
      if ((estimate + seconds) * 1000 > submitMs) send();
      expected[d.kernel] = (expected[d.kernel] ?? 0) + seconds;
      estimate += seconds;
      spent += truly(gpu, piece);
      longest.piece = Math.max(longest.piece, truly(gpu, piece) * 1000);
    }
  }
  send();
  return longest;
}

/** Forward and backward of a layer, as FLOPs of a 1B model's pass over 700 rows. */
const layer: Dispatch[] = [
  { kernel: "norm", flops: 6e6 },
  { kernel: "lora", flops: 5e8 },
  { kernel: "forward", flops: 7e9 },
  { kernel: "attention", flops: 2e9 },
  { kernel: "forward", flops: 6e9 },
  { kernel: "norm", flops: 6e6 },
  { kernel: "forward", flops: 3.2e10 },
  { kernel: "swiglu", flops: 2e7 },
  { kernel: "forward", flops: 1.6e10 },
  { kernel: "lora", flops: 2e9 },
  { kernel: "backward", flops: 1.6e10 },
  { kernel: "backward", flops: 3.2e10 },
  { kernel: "attention", flops: 7e9 },
  { kernel: "backward", flops: 1.3e10 },
];
const pass = Array.from({ length: 22 }, () => layer).flat();
const scaled = (factor: number): SimulatedGpu => ({
  overhead: 5e-6,
  speeds: {
    norm: 1e10 * factor,
    swiglu: 2e10 * factor,
    lora: 2e11 * factor,
    forward: 1e12 * factor,
    backward: 7e11 * factor,
    attention: 1e11 * factor,
  },
});

test.each([
  ["a laptop's", 1, 2e11],
  ["a large card", 20, 2e11],
  ["the weakest", 0.05, 2e11],
  ["a software adapter", 0.003, 2e9],
])("finds the speeds of %s", (_, factor, guess) => {
  const pace: Pace = { flopsPerSecond: guess };
  const gpu = scaled(factor);
  const random = seededRandom(7);
  for (let n = 0; n < 3; n++) replay(pace, gpu, pass, 0.1, random);
  const after = replay(pace, gpu, pass, 0.1, random);
  expect(after.piece).toBeLessThan(1.4 * budgets["full speed"].dispatchMs);
  expect(after.submit).toBeLessThan(1.2 * budgets["full speed"].submitMs);
  for (const kernel of ["forward", "backward"]) {
    const ratio = expectedSeconds(pace, kernel, 1e10) / truly(gpu, { kernel, flops: 1e10 });
    expect(ratio).toBeGreaterThan(0.75);
    expect(ratio).toBeLessThan(1.3);
  }
  // Enough is in flight: the submits are as long as they may be, not a fraction of it.
  const seconds = pass.reduce((sum, d) => sum + truly(gpu, d), 0);
  expect(after.submits).toBeLessThan(1.6 * Math.ceil((seconds * 1000) / budgets["full speed"].submitMs) + 3);
});

test("a first guess that is far too high costs one long submit", () => {
  const gpu = scaled(0.05);
  // Attention does 5e9 FLOP/s here, a fortieth of the guess.
  expect(replay({ flopsPerSecond: 2e11 }, gpu, pass).piece).toBeLessThan(40 * 16);
  const pace = { flopsPerSecond: 2e11 };
  replay(pace, gpu, layer);
  expect(replay(pace, gpu, layer).piece).toBeLessThan(1.5 * 16);
});

const learned = (): Pace => {
  const pace: Pace = { flopsPerSecond: 1e12 };
  for (let n = 0; n < 50; n++) learn(of(pace, { k: expectedSeconds(pace, "k", 1e11) }), 0.1);
  return pace;
};
const timed = (pace: Pace): number => expectedSeconds(pace, "k", 1e11);

test("a hiccup of an hour moves little", () => {
  const pace = learned();
  expect(timed(pace)).toBeCloseTo(0.1, 2);
  learn(of(pace, { k: 0.1 }), 3600);
  expect(timed(pace)).toBeLessThan(0.16);
  for (let n = 0; n < 10; n++) learn(of(pace, { k: timed(pace) }), 0.1);
  expect(timed(pace)).toBeCloseTo(0.1, 2);
});

test("a GPU that has become five times slower, and then fast again, is followed within ten submits", () => {
  const pace = learned();
  for (let n = 0; n < 10; n++) learn(of(pace, { k: timed(pace) }), 0.5);
  expect(timed(pace)).toBeGreaterThan(0.4);
  for (let n = 0; n < 10; n++) learn(of(pace, { k: timed(pace) }), 0.1);
  expect(timed(pace)).toBeLessThan(0.13);
});

test("a reply that seems to come at once makes nothing more than twice as fast", () => {
  const pace: Pace = { flopsPerSecond: 1e11 };
  learn(of(pace, { k: expectedSeconds(pace, "k", 1e10) }), 0);
  expect(expectedSeconds(pace, "k", 1e10)).toBeGreaterThan(0.049);
});

test("a short submit that was thought to be shorter is the reply's way, not the GPU's", () => {
  const pace = learned();
  learn(of(pace, { k: 0.0001 }), 0.003);
  expect(timed(pace)).toBeCloseTo(0.1, 2);
});

test("no timing makes a pace that is not a positive number", () => {
  const random = seededRandom(3);
  const odd = [0, Number.NaN, Number.POSITIVE_INFINITY, -1, 1e-300, 1e300];
  const pace: Pace = { flopsPerSecond: 1e12 };
  for (let n = 0; n < 3000; n++) {
    const expected = of(pace, {
      a: random() < 0.1 ? odd[n % odd.length]! : expectedSeconds(pace, "a", 1e10 * random()),
      b: expectedSeconds(pace, "b", Number.NaN),
    });
    learn(expected, random() < 0.3 ? odd[n % odd.length]! : random());
    for (const kernel of ["a", "b"]) {
      const seconds = expectedSeconds(pace, kernel, 1e10);
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThan(Number.POSITIVE_INFINITY);
    }
  }
  learn(new Map(), 1);
});

test("pieces are whole layers, rows or parts of a row, within the limit and nearly equal", () => {
  const cases: [Grid, number, Grid][] = [
    [[5, 4, 3], 60, [5, 4, 3]],
    [[5, 4, 3], 59, [5, 4, 2]],
    [[5, 4, 3], 20, [5, 4, 1]],
    [[5, 4, 3], 19, [5, 2, 1]],
    [[5, 4, 3], 5, [5, 1, 1]],
    [[5, 4, 3], 4, [3, 1, 1]],
    [[5, 4, 3], 1, [1, 1, 1]],
    [[5, 4, 3], 0.001, [1, 1, 1]],
    [[1, 44, 1], 43, [1, 22, 1]],
    [[172, 44, 1], 172 * 9.6, [172, 9, 1]],
  ];
  for (const [grid, limit, piece] of cases) expect(pieceOf(grid, limit), `${grid} by ${limit}`).toEqual(piece);
});
