// Sums of squares of 4096 elements each, as f32 bits. A block that holds an infinity or NaN is marked by the bits of infinity.
// After grad-norm-sum.wgsl.
struct Params { count: u32, blocks: u32, firstBlock: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> partials: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lid: u32) {
  let block = wid.y * groups.x + wid.x;
  if (block >= p.blocks) { return; }
  let base = block * 4096u + lid;
  var mine = Sum();
  for (var i = 0u; i < 64u; i += 8u) {
    var part = 0.0;
    for (var j = 0u; j < 8u; j++) {
      let at = base + (i + j) * 64u;
      if (at < p.count) {
        let value = x[at];
        mine.flag |= notFinite(bitcast<u32>(value));
        part += value * value;
      }
    }
    mine.total += part;
  }
  let all = sumOfThreads(mine, lid);
  if (lid == 0u) { partials[p.firstBlock + block] = select(bitcast<u32>(all.total), EXPONENT, all.flag != 0u); }
}
