// AdamW with both moments in 8 bits: one workgroup per block of 256 values, four neighbours (one word of codes) per thread.
// After adamw-params.wgsl.
@group(0) @binding(1) var<storage, read> grad: array<f32>;
@group(0) @binding(2) var<storage, read> clip: array<f32>;
// Per moment 256 values and the 255 midpoints between them: signed for the first, unsigned for the second.
@group(0) @binding(3) var<storage, read> maps: array<f32, 1024>;
@group(0) @binding(4) var<storage, read_write> param: array<f32>;
@group(0) @binding(5) var<storage, read_write> mCodes: array<u32>;
@group(0) @binding(6) var<storage, read_write> vCodes: array<u32>;
@group(0) @binding(7) var<storage, read_write> absmax: array<vec2f>;

var<workgroup> largest: array<vec2f, 64>;

// How many midpoints lie below x: the index of the nearest value.
fn nearest(map: u32, x: f32) -> u32 {
  var low = 0u;
  var high = 255u;
  for (var i = 0u; i < 8u; i++) {
    let middle = (low + high) / 2u;
    if (maps[map + 256u + middle] < x) { low = middle + 1u; } else { high = middle; }
  }
  return min(low, 255u);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lid: u32) {
  let block = wid.y * groups.x + wid.x;
  let first = block * 256u + lid * 4u;
  let live = clip[2] == 0.0;
  var m = vec4f();
  var v = vec4f();
  let scale = select(vec2f(), absmax[min(block, arrayLength(&absmax) - 1u)], first < p.count);
  let word = min(first / 4u, arrayLength(&mCodes) - 1u);
  let mc = unpack4xU8(mCodes[word]);
  let vc = unpack4xU8(vCodes[word]);
  for (var j = 0u; j < 4u; j++) {
    let i = first + j;
    if (i < p.count && live) {
      let g = grad[i] * clip[1];
      m[j] = maps[mc[j]] * scale.x * p.beta1 + p.oneMinusBeta1 * g;
      v[j] = maps[512u + vc[j]] * scale.y * p.beta2 + p.oneMinusBeta2 * g * g;
      param[i] = param[i] * p.decay - p.stepSize * (m[j] / (sqrt(v[j]) / p.biasCorrection2Sqrt + p.eps));
    }
  }
  let high = abs(m);
  largest[lid] = vec2f(
    max(max(high.x, high.y), max(high.z, high.w)),
    max(max(v.x, v.y), max(v.z, v.w)),
  );
  workgroupBarrier();
  for (var half = 32u; half > 0u; half /= 2u) {
    if (lid < half) { largest[lid] = max(largest[lid], largest[lid + half]); }
    workgroupBarrier();
  }
  if (first >= p.count || !live) { return; }
  let top = largest[0];
  let inverse = 1.0 / max(top, vec2f(1e-38));
  var nextM = vec4u();
  var nextV = vec4u();
  for (var j = 0u; j < 4u; j++) {
    nextM[j] = nearest(0u, m[j] * inverse.x);
    nextV[j] = nearest(512u, v[j] * inverse.y);
  }
  mCodes[word] = pack4xU8(nextM);
  vCodes[word] = pack4xU8(nextV);
  if (lid == 0u) { absmax[block] = top; }
}
