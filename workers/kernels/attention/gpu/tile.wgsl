// What the three kernels for GPUs have in common: a workgroup of 64 threads, 8 by 8, makes one 32 x 32 tile of scores, 4 x 4 a
// thread: thread (ty, tx) has rows ty * 4 … + 3 and columns tx * 4 … + 3. Operands come through `stage`, which each kernel declares,
// in pieces of 4 vectors along the head; the tile then goes through `weights` to be multiplied by rows of another matrix, 8 vectors
// wide. Workgroup memory: 14.5 KiB and less.
// Prepended: const D4 (head size / 4), WIDTHS (D4 / 8, rounded up), CHUNKS (D4 / 4, rounded up).
const TILE = 32u;
// A staged operand: 32 rows of 4 vectors, 5 apart so that the banks differ.
const OPERAND = 160u;
var<workgroup> weights: array<vec4f, 288>;

// Where row `r` of an operand lies: the 4 rows of one thread are 8 apart, so that 8 threads read neighbours.
fn slot(r: u32) -> u32 { return ((r % 4u) * 8u + r / 4u) * 5u; }
// Vector `d` of the 4 rows that thread `t` of 8 has of operand `n`.
fn staged(n: u32, t: u32, d: u32) -> mat4x4f {
  let i = n * OPERAND + t * 5u + d;
  return mat4x4f(stage[i], stage[i + 40u], stage[i + 80u], stage[i + 120u]);
}
// The scores of operand `a`'s rows with operand `b`'s, as far as they are staged, on top of `s`.
fn stagedScores(s: mat4x4f, a: u32, b: u32, ty: u32, tx: u32) -> mat4x4f {
  var all = s;
  for (var d = 0u; d < 4u; d++) { all = scores(all, staged(a, ty, d), staged(b, tx, d)); }
  return all;
}
fn putWeights(ty: u32, tx: u32, w: mat4x4f) {
  let i = ty * 36u + tx;
  weights[i] = w[0];
  weights[i + 9u] = w[1];
  weights[i + 18u] = w[2];
  weights[i + 27u] = w[3];
}
// The weights' rows times the 32 rows of 8 vectors in `stage`, on top of `acc`: vector tx of rows ty * 4 … + 3.
fn weightedStage(acc: mat4x4f, ty: u32, tx: u32) -> mat4x4f {
  var all = acc;
  for (var k = 0u; k < 8u; k++) {
    let b = k * 32u + tx;
    let c = ty * 36u + k;
    let values = mat4x4f(stage[b], stage[b + 8u], stage[b + 16u], stage[b + 24u]);
    all = weighted(all, values, mat4x4f(weights[c], weights[c + 9u], weights[c + 18u], weights[c + 27u]));
  }
  return all;
}
