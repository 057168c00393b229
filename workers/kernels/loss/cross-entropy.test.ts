import { expect, test } from "vitest";
import type { Dims } from "../../gpu/program.ts";
import { randomArray, relativeError, testBench } from "../../testing/gpu.ts";
import { numericalGradient } from "../../testing/numerical-gradient.ts";
import { crossEntropy } from "./cross-entropy.ts";
import { crossEntropyReference } from "./reference.ts";

const bench = await testBench();

test.each([
  { rows: 1, vocab: 1, ld: 4 },
  { rows: 3, vocab: 63, ld: 63 },
  { rows: 5, vocab: 65, ld: 68 },
  { rows: 2, vocab: 4099, ld: 4100 },
])("loss and gradient: %o", async ({ rows, vocab, ld }) => {
  const gradScale = 1 / 7;
  const values = randomArray(rows * ld, 1, 8);
  const targets = Uint32Array.from({ length: rows }, (_, m) => (m * 31 + vocab - 1) % vocab);
  const expected = crossEntropyReference(values, targets, { vocab, ld, gradScale });
  const record = async () => {
    const logits = bench.arena.upload("logits", values);
    const frozen = bench.arena.upload("frozen", values);
    const nll = bench.arena.tensor("nll", rows + 3);
    const again = bench.arena.tensor("again", rows);
    const shared = { targets: bench.arena.upload("targets", targets), vocab, ld, gradScale };
    const size = (d: Dims<"rows">) => d.rows;
    return bench.run(
      (r) => {
        crossEntropy(r, { logits, nll, rows: size, nllRow: 2, mode: "gradient", ...shared });
        crossEntropy(r, { logits: frozen, nll: again, rows: size, nllRow: 0, mode: "loss", ...shared });
      },
      [nll, logits, again, frozen],
      { rows },
    );
  };
  const outputs = await record();
  const [nll, gradient, again, frozen] = outputs;
  expect([nll![0], nll![1], nll![rows + 2]]).toEqual([0, 0, 0]);
  const written = nll!.slice(2, 2 + rows);
  expect(Math.max(...expected.nll.map((value, m) => Math.abs(value - written[m]!)))).toBeLessThan(2e-6);
  expect(relativeError(gradient!, expected.gradient)).toBeLessThan(3e-6);
  for (let m = 0; m < rows; m++) expect(gradient!.slice(m * ld + vocab, (m + 1) * ld).every((g) => g === 0)).toBe(true);
  expect(again).toEqual(written);
  expect(frozen).toEqual(values);
  expect(await record()).toEqual(outputs);
});

test("the reference's gradient is that of gradScale * sum of nll", () => {
  const values = randomArray(3 * 13, 5, 3);
  const targets = Uint32Array.of(0, 10, 5);
  const shape = { vocab: 11, ld: 13, gradScale: 0.25 };
  const objective = (x: Float64Array) => 0.25 * crossEntropyReference(x, targets, shape).nll.reduce((a, b) => a + b, 0);
  const { gradient } = crossEntropyReference(values, targets, shape);
  expect(relativeError(numericalGradient(objective, values), gradient)).toBeLessThan(1e-9);
});

test("logits of size 1e4, a certain and a hopeless target", async () => {
  const logits = bench.arena.upload("logits", Float32Array.of(1e4, -1e4, 0, 1e4, -1e4, 0));
  const nll = bench.arena.tensor("nll", 2);
  const targets = bench.arena.upload("targets", Uint32Array.of(0, 1));
  const [losses, gradient] = await bench.run(
    (r) =>
      crossEntropy(r, { logits, targets, nll, vocab: 3, ld: 3, rows: 2, nllRow: 0, gradScale: 0.5, mode: "gradient" }),
    [nll, logits],
  );
  expect([...losses!]).toEqual([0, 2e4]);
  expect([...gradient!].map((g) => g + 0)).toEqual([0, 0, 0, 0.5, -0.5, 0]);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  "a logit of %d makes loss and gradient of its row NaN, and of no other",
  async (bad) => {
    const logits = bench.arena.upload("logits", Float32Array.of(0, bad, 1, 0, 0, 0));
    const nll = bench.arena.tensor("nll", 2);
    const targets = bench.arena.upload("targets", Uint32Array.of(0, 0));
    const [losses, gradient] = await bench.run(
      (r) =>
        crossEntropy(r, { logits, targets, nll, vocab: 3, ld: 3, rows: 2, nllRow: 0, gradScale: 1, mode: "gradient" }),
      [nll, logits],
    );
    expect([...losses!].map(Number.isNaN)).toEqual([true, false]);
    expect([...gradient!].map(Number.isNaN)).toEqual([true, true, true, false, false, false]);
  },
);
