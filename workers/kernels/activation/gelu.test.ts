import { expect, test } from "vitest";
import { randomArray, relativeError, testBench } from "../../testing/gpu.ts";
import { type GeluKind, geluBackward, geluForward } from "./gelu.ts";
import { geluReference, slope } from "./reference.ts";

const bench = await testBench();
const kinds: GeluKind[] = ["quick_gelu", "gelu", "gelu_pytorch_tanh"];

// torch.nn.functional.gelu and transformers' QuickGELUActivation.
test.each<[GeluKind, number, number]>([
  ["quick_gelu", 1, 0.8457957659328212],
  ["gelu", 1, 0.8413447460685429],
  ["gelu", -3, -0.004049694095],
  ["gelu_pytorch_tanh", 1, 0.8411919906082768],
])("the reference %s(%d) = %d", (kind, x, expected) => {
  expect(Math.abs(geluReference(x, kind) / expected - 1)).toBeLessThan(1e-9);
});

test.each(kinds)("%s: values and slopes from -12 to 12, each within 3e-7 of max(|x|, tiny)", async (kind) => {
  const count = 4801;
  const points = Float32Array.from({ length: count }, (_, i) => (i - 2400) / 200);
  const x = bench.arena.upload("x", points);
  const y = bench.arena.tensor("y", count);
  const dx = bench.arena.tensor("dx", count);
  const ones = bench.arena.upload("ones", new Float32Array(count).fill(1));
  const [values, slopes] = await bench.run(
    (r) => {
      geluForward(r, { y, x, count, kind });
      geluBackward(r, { dx, dy: ones, x, count, kind });
    },
    [y, dx],
  );
  let worstValue = 0;
  let worstPositive = 0;
  let worstSlope = 0;
  points.forEach((point, i) => {
    const error = Math.abs(values![i]! - geluReference(point, kind));
    worstValue = Math.max(worstValue, error / Math.max(Math.abs(point), 1e-9));
    if (point > 0) worstPositive = Math.max(worstPositive, error / geluReference(point, kind));
    worstSlope = Math.max(worstSlope, Math.abs(slopes![i]! - slope((v) => geluReference(v, kind), point)));
  });
  expect(worstValue).toBeLessThan(3e-7);
  expect(worstPositive).toBeLessThan(3e-7);
  expect(worstSlope).toBeLessThan(1e-6);
});

test.each([1, 63, 65, 997])("odd lengths: %i, in place and back", async (count) => {
  const points = randomArray(count, 1, 4);
  const dy = randomArray(count, 2);
  for (const kind of kinds) {
    const x = bench.arena.upload("x", points);
    const inPlace = bench.arena.upload("in place", points);
    const y = bench.arena.tensor("y", count);
    const dx = bench.arena.tensor("dx", count);
    const [separate, same, gradient] = await bench.run(
      (r) => {
        geluForward(r, { y, x, count, kind });
        geluForward(r, { y: inPlace, x: inPlace, count, kind });
        geluBackward(r, { dx, dy: bench.arena.upload("dy", dy), x, count, kind });
      },
      [y, inPlace, dx],
    );
    expect(
      relativeError(
        separate!,
        Array.from(points, (v) => geluReference(v, kind)),
      ),
    ).toBeLessThan(5e-7);
    expect(same).toEqual(separate);
    const expected = Array.from(points, (v, i) => dy[i]! * slope((u) => geluReference(u, kind), v));
    expect(relativeError(gradient!, expected)).toBeLessThan(1e-6);
  }
});
