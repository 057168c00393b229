// What the three attention kernels for GPUs have in common: a workgroup of 64 threads, 8 by 8, makes one 32 x 32 tile of
// scores, 4 x 4 a thread: thread (ty, tx) has rows ty * 4 … + 3 and columns tx * 4 … + 3. Operands come through `stage` in pieces
// of 4 vectors along the head; the tile then goes through `weights` to be multiplied by rows of another matrix, 8 vectors wide.
// Workgroup memory: 14.5 KiB and less.
// Prepended: const D4 (head size / 4), WIDTHS (D4 / 8, rounded up), CHUNKS (D4 / 4, rounded up).
const TILE = 32u;
// A staged operand: 32 rows of 4 vectors, 5 apart so that the banks differ.
const OPERAND = 160u;
var<workgroup> weights: array<vec4f, 288>;

// Where row `r` of an operand lies: the 4 rows of one thread are 8 apart, so that 8 threads read neighbours.
fn slot(r: u32) -> u32 { return ((r % 4u) * 8u + r / 4u) * 5u; }
fn largest(v: vec4f) -> f32 { return max(max(v.x, v.y), max(v.z, v.w)); }
fn sum(v: vec4f) -> f32 { return (v.x + v.y) + (v.z + v.w); }
fn visible(columns: vec4u, first: u32, stop: u32) -> vec4<bool> {
  return (columns >= vec4u(first)) & (columns < vec4u(stop));
}
