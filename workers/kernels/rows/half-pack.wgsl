// Rows of four values to rows of two words of f16, a workgroup a row. A row whose largest magnitude is none of f16's normal numbers is
// multiplied by the power of two that brings it to 2^14 … 2^15: this is exact, and `scales` keeps what undoes it. A row that is not
// finite is marked by a NaN, and found by its exponents, since WGSL lets compilers assume that floats are finite.
struct Params { quads: u32, counter: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> half: array<vec2u>;
@group(0) @binding(3) var<storage, read_write> scales: array<u32>;
@group(0) @binding(4) var<storage, read_write> beyond: array<atomic<u32>>;

const THREADS = 32u;
const ONE = 0x3f800000u;
const INFINITY = 0x7f800000u;
const QUIET_NAN = 0x7fc00000u;
// 65,504 and 2^-14: magnitudes order like their bits.
const LARGEST = 0x477fe000u;
const LEAST = 0x38800000u;
var<workgroup> shares: array<u32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let row = group.x;
  let base = row * p.quads;
  var own = vec4u();
  for (var i = thread; i < p.quads; i += THREADS) { own = max(own, x[base + i] & vec4u(0x7fffffffu)); }
  shares[thread] = max(max(own.x, own.y), max(own.z, own.w));
  workgroupBarrier();
  var most = 0u;
  for (var i = 0u; i < THREADS; i++) { most = max(most, shares[i]); }

  // 2^(14 - exponent of the largest), 2^126 at most: its inverse is a normal number too.
  var scale = ONE;
  var undo = ONE;
  if (most >= INFINITY) {
    undo = QUIET_NAN;
  } else if (most > LARGEST || (most < LEAST && most > 0u)) {
    let exponent = min(268u - (most >> 23u), 253u);
    scale = exponent << 23u;
    undo = (254u - exponent) << 23u;
  }
  let factor = bitcast<f32>(scale);
  for (var i = thread; i < p.quads; i += THREADS) {
    let v = bitcast<vec4f>(x[base + i]) * factor;
    half[base + i] = vec2u(pack2x16float(v.xy), pack2x16float(v.zw));
  }
  if (thread == 0u) {
    scales[row] = undo;
    if (most > LARGEST && most < INFINITY) { atomicAdd(&beyond[p.counter], 1u); }
  }
}
