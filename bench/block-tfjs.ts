/** The block in tfjs: variableGrads over its WebGPU backend, dense f32 weights. */
import { type BlockOutputs, type BlockProblem, LORA_SCALE, type Projection, projections } from "./block-problem.ts";
import type { Ready } from "./measure.ts";
import { transpose } from "./own.ts";
import { loadTf } from "./peers.ts";

type Tf = Awaited<ReturnType<typeof loadTf>>["tf"];
type Tensor = ReturnType<Tf["tensor"]>;
type Variable = ReturnType<Tf["variable"]>;

export async function tfjsBlock(p: BlockProblem): Promise<Ready & { outputs(): Promise<BlockOutputs> }> {
  const { tf, done } = await loadTf();
  const { text, rows, rank, sequences, length } = p;
  const { numHeads, numKvHeads, headSize, hiddenSize, rmsNormEps } = text;
  const perKv = numHeads / numKvHeads;

  const variables = new Map<string, Variable>();
  const variable = (name: string, data: Float32Array, shape: number[]): void => {
    const initial = tf.tensor(data, shape);
    variables.set(name, tf.variable(initial, true));
    initial.dispose();
  };
  variable("x", p.x, [rows, hiddenSize]);
  const frozen: Record<string, Tensor> = {
    dy: tf.tensor(p.dy, [rows, hiddenSize]),
    norm1: tf.tensor(p.norms[0]),
    norm2: tf.tensor(p.norms[1]),
    cos: tf.tensor(p.cos, [1, length, 1, headSize / 2]),
    sin: tf.tensor(p.sin, [1, length, 1, headSize / 2]),
    // Queries of the heads that share a key head stand in one matrix, [perKv * length, length].
    mask: tf.tensor(
      Float32Array.from({ length: perKv * length * length }, (_, i) =>
        i % length <= Math.floor(i / length) % length ? 0 : -1e9,
      ),
      [1, 1, perKv * length, length],
    ),
  };
  for (const name of projections) {
    const l = p.linears[name];
    frozen[name] = tf.tensor(transpose(l.values, l.out, l.in), [l.in, l.out]);
    variable(`${name}.A`, l.loraA, [rank, l.in]);
    variable(`${name}.B`, l.loraB, [l.out, rank]);
  }

  const rmsNorm = (x: Tensor, weight: Tensor): Tensor =>
    tf.mul(tf.mul(x, tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), rmsNormEps))), weight);
  const linear = (x: Tensor, name: Projection): Tensor => {
    const narrow = tf.matMul(x, variables.get(`${name}.A`)!, false, true);
    return tf.add(
      tf.matMul(x, frozen[name]!),
      tf.mul(tf.matMul(narrow, variables.get(`${name}.B`)!, false, true), LORA_SCALE),
    );
  };
  const rope = (x: Tensor): Tensor => {
    const [a, b] = tf.split(x, 2, -1) as [Tensor, Tensor];
    const { cos, sin } = frozen as { cos: Tensor; sin: Tensor };
    return tf.concat([tf.sub(tf.mul(a, cos), tf.mul(b, sin)), tf.add(tf.mul(b, cos), tf.mul(a, sin))], -1);
  };
  /** [rows, n * headSize] -> [sequences, length, n, headSize] */
  const heads = (x: Tensor, n: number): Tensor => tf.reshape(x, [sequences, length, n, headSize]);
  const headsFirst = (x: Tensor): Tensor => tf.transpose(x, [0, 2, 1, 3]);
  const loss = () => {
    const x = variables.get("x")!;
    const normed1 = rmsNorm(x, frozen.norm1!);
    const grouped = [sequences, numKvHeads, perKv * length, headSize];
    const q = tf.reshape(headsFirst(rope(heads(linear(normed1, "q_proj"), numHeads))), grouped);
    const k = headsFirst(rope(heads(linear(normed1, "k_proj"), numKvHeads)));
    const v = headsFirst(heads(linear(normed1, "v_proj"), numKvHeads));
    const scores = tf.add(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(headSize)), frozen.mask!);
    const mixed = tf.reshape(tf.matMul(tf.softmax(scores), v), [sequences, numHeads, length, headSize]);
    const attended = tf.reshape(headsFirst(mixed), [rows, numHeads * headSize]);
    const x1 = tf.add(x, linear(attended, "o_proj"));
    const normed2 = rmsNorm(x1, frozen.norm2!);
    const gate = linear(normed2, "gate_proj");
    const up = linear(normed2, "up_proj");
    const y = tf.add(x1, linear(tf.mul(tf.mul(gate, tf.sigmoid(gate)), up), "down_proj"));
    return tf.sum<ReturnType<Tf["scalar"]>>(tf.mul(y, frozen.dy!));
  };
  const all = [...variables.values()];
  const once = () => tf.variableGrads(loss, all);
  return {
    async run(times) {
      for (let n = 0; n < times; n++) {
        const { value, grads } = once();
        tf.dispose([value, grads]);
        await done();
      }
    },
    async outputs() {
      const { value, grads } = once();
      const gradients = new Map<string, Float32Array>();
      for (const [name, v] of variables) gradients.set(name, (await grads[v.name]!.data()) as Float32Array);
      const out = { loss: (await value.data())[0]!, gradients };
      tf.dispose([value, grads]);
      return out;
    },
    dispose: () => tf.dispose([...all, ...Object.values(frozen)]),
  };
}
