// y = keep * x / (1 - rate), or y += that. A thread does four neighbours: one Philox4x32-10 block (see random/philox.ts). After philox.wgsl.
struct Params {
  size: u32, // columns / 4
  count: u32, // rows * size
  firstRow: u32,
  site: u32,
  step: u32,
  seed: u32,
  stream: u32,
  threshold: u32, // rate * 2^32: draws below it are dropped
  scale: f32, // 1 / (1 - rate)
  accumulate: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = (wid.y * groups.x + wid.x) * 64u + lid;
  if (i >= p.count) { return; }
  let draws = philox(vec4u(p.firstRow * p.size + i, p.site, p.step, 0u), vec2u(p.seed, p.stream));
  let kept = select(x[i] * p.scale, vec4f(), draws < vec4u(p.threshold));
  if (p.accumulate == 0u) { y[i] = kept; } else { y[i] += kept; }
}
