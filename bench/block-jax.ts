/** The block in jax-js: jit of valueAndGrad, dense f32 weights, attention by its own dotProductAttention. */
import { type BlockOutputs, type BlockProblem, LORA_SCALE, type Projection, projections } from "./block-problem.ts";
import type { Ready } from "./measure.ts";
import { transpose } from "./own.ts";
import { type JaxArray, jaxDone, loadJax } from "./peers.ts";

export async function jaxBlock(p: BlockProblem): Promise<Ready & { outputs(): Promise<BlockOutputs> }> {
  const jax = await loadJax();
  const { numpy: np, nn, tree } = jax;
  const { text, rank, sequences, length } = p;
  const { numHeads, numKvHeads, headSize, hiddenSize, rmsNormEps } = text;
  const array = (data: Float32Array, shape: number[]): JaxArray => np.array(data, { shape });

  // What is differentiated is the first argument, what is frozen the second. jax-js consumes what it is given: `.ref` keeps it.
  const trained: Record<string, JaxArray> = { x: array(p.x, [sequences, length, hiddenSize]) };
  const frozen: Record<string, JaxArray> = {
    dy: array(p.dy, [sequences, length, hiddenSize]),
    norm1: array(p.norms[0], [hiddenSize]),
    norm2: array(p.norms[1], [hiddenSize]),
    cos: array(p.cos, [length, 1, headSize / 2]),
    sin: array(p.sin, [length, 1, headSize / 2]),
  };
  for (const name of projections) {
    const l = p.linears[name];
    frozen[name] = array(transpose(l.values, l.out, l.in), [l.in, l.out]);
    trained[`${name}.A`] = array(l.loraA, [rank, l.in]);
    trained[`${name}.B`] = array(l.loraB, [l.out, rank]);
  }

  type Arrays = typeof trained;
  const rmsNorm = (x: JaxArray, weight: JaxArray): JaxArray => {
    const square = np.mean(np.square(x.ref), -1, { keepdims: true });
    return x.mul(np.reciprocal(np.sqrt(square.add(rmsNormEps)))).mul(weight);
  };
  const linear = (x: JaxArray, t: Arrays, f: Arrays, name: Projection): JaxArray => {
    const base = np.matmul(x.ref, f[name]!.ref);
    const narrow = np.matmul(x, t[`${name}.A`]!.ref.transpose());
    return base.add(np.matmul(narrow, t[`${name}.B`]!.ref.transpose()).mul(LORA_SCALE));
  };
  const rope = (x: JaxArray, f: Arrays): JaxArray => {
    const [a, b] = np.split(x, 2, -1) as [JaxArray, JaxArray];
    const left = a.ref.mul(f.cos!.ref).sub(b.ref.mul(f.sin!.ref));
    return np.concatenate([left, b.mul(f.cos!.ref).add(a.mul(f.sin!.ref))], -1);
  };
  const loss = (t: Arrays, f: Arrays): JaxArray => {
    const heads = (x: JaxArray, n: number): JaxArray => x.reshape([sequences, length, n, headSize]);
    const normed1 = rmsNorm(t.x!.ref, f.norm1!.ref);
    const q = rope(heads(linear(normed1.ref, t, f, "q_proj"), numHeads), f);
    const k = rope(heads(linear(normed1.ref, t, f, "k_proj"), numKvHeads), f);
    const v = heads(linear(normed1, t, f, "v_proj"), numKvHeads);
    const attended = nn
      .dotProductAttention(q, k, v, { isCausal: true })
      .reshape([sequences, length, numHeads * headSize]);
    const x1 = t.x!.ref.add(linear(attended, t, f, "o_proj"));
    const normed2 = rmsNorm(x1.ref, f.norm2!.ref);
    const gate = linear(normed2.ref, t, f, "gate_proj");
    const up = linear(normed2, t, f, "up_proj");
    const y = x1.add(linear(nn.silu(gate).mul(up), t, f, "down_proj"));
    const total = np.sum(y.mul(f.dy!.ref));
    tree.dispose([t, f]);
    return total;
  };
  const step = jax.jit(jax.valueAndGrad(loss));
  const once = (): [JaxArray, Arrays] => step(tree.ref(trained), tree.ref(frozen)) as [JaxArray, Arrays];
  return {
    async run(times) {
      for (let n = 0; n < times; n++) {
        const [value, gradients] = once();
        await jaxDone(jax, [value, ...Object.values(gradients)]);
      }
    },
    async outputs() {
      const [value, gradients] = once();
      const out = new Map<string, Float32Array>();
      for (const [name, g] of Object.entries(gradients)) out.set(name, (await g.data()) as Float32Array);
      return { loss: ((await value.data()) as Float32Array)[0]!, gradients: out };
    },
    dispose: () => tree.dispose([trained, frozen]),
  };
}
