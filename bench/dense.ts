/** Dense f32 products y = x Wᵀ beside jax-js and tfjs, which get W as they like it best: [in, out]. */
import { linearForward } from "../workers/kernels/linear/linear.ts";
import { forwardReference } from "../workers/kernels/linear/reference.ts";
import type { LinearCase } from "./linear.ts";
import { compare, type Rules, relativeError, type Side } from "./measure.ts";
import { type Bench, buildOwn, ends, newArena, randomArray, readOne, replay, transpose } from "./own.ts";
import { jaxDone, loadJax, loadTf } from "./peers.ts";
import { type Comparison, OURS } from "./results.ts";

export async function compareDense(bench: Bench, c: LinearCase, rules: Rules): Promise<Comparison> {
  const { rows, in: inSize, out } = c;
  const arena = newArena(bench);
  const wValues = randomArray(out * inSize, 1, 0.05);
  const xValues = randomArray(rows * inSize, 2, 1);
  const turned = transpose(wValues, out, inSize);
  const x = arena.upload("x", xValues);
  const y = arena.tensor("y", rows * out);
  const weight = { format: "f32" as const, out, in: inSize, data: arena.upload("w", wValues) };
  const offOurs = async (values: ArrayLike<number>): Promise<number> => relativeError(values, await readOne(bench, y));
  const sides: Side[] = [
    {
      name: OURS,
      async prepare() {
        const program = await buildOwn(bench, arena, (r) => linearForward(r, { y, x, weight, rows }));
        const expected = forwardReference(ends(xValues, rows), wValues, { rows: 2, out, inSize });
        return {
          run: replay(bench, program),
          error: async () => relativeError(ends(await readOne(bench, y), rows), expected),
          dispose() {},
        };
      },
    },
    {
      name: "jax-js",
      async prepare() {
        const jax = await loadJax();
        const np = jax.numpy;
        const [a, b] = [np.array(xValues, { shape: [rows, inSize] }), np.array(turned, { shape: [inSize, out] })];
        await jax.blockUntilReady([a, b]);
        const product = () => np.matmul(a.ref, b.ref);
        return {
          run: (times) => jaxDone(jax, Array.from({ length: times }, product)),
          error: async () => offOurs((await product().data()) as Float32Array),
          dispose: () => [a, b].map((array) => array.dispose()),
        };
      },
    },
    {
      name: "tfjs",
      async prepare() {
        const { tf, done } = await loadTf();
        const a = tf.tensor2d(xValues, [rows, inSize]);
        const b = tf.tensor2d(turned, [inSize, out]);
        return {
          async run(times) {
            for (let n = 0; n < times; n++) tf.matMul(a, b).dispose();
            await done();
          },
          async error() {
            const product = tf.matMul(a, b);
            const values = await product.data();
            product.dispose();
            return offOurs(values);
          },
          dispose: () => tf.dispose([a, b]),
        };
      },
    },
  ];
  try {
    const result = await compare(sides, rules);
    const label = `${rows} rows, ${inSize} → ${out}`;
    return { section: "dense linear", label, flops: 2 * rows * inSize * out, weightBytes: 4 * inSize * out, ...result };
  } finally {
    arena.dispose();
  }
}
