// y[index[i]] = x[i], or += when `accumulate` is 1. The rows named by `index` are distinct, so no two threads meet.
struct Params { size: u32, count: u32, accumulate: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> index: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = (wid.y * groups.x + wid.x) * 64u + lid;
  if (i >= p.count) { return; }
  let row = i / p.size;
  let at = index[row] * p.size + (i - row * p.size);
  var value = x[i];
  if (p.accumulate == 1u) { value += y[at]; }
  y[at] = value;
}
