// Row i of y is the sum of up to four rows of x, each with its weight; a row whose first is -1 stays as it is.
struct Params { size: u32, count: u32, accumulate: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> rows: array<i32>;
@group(0) @binding(3) var<storage, read> weights: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = (wid.y * groups.x + wid.x) * 64u + lid;
  if (i >= p.count) { return; }
  let row = i / p.size;
  let column = i - row * p.size;
  if (rows[4u * row] < 0) { return; }
  var sum = 0.0;
  if (p.accumulate != 0u) { sum = y[i]; }
  for (var k = 4u * row; k < 4u * row + 4u; k++) {
    if (rows[k] >= 0) { sum += weights[k] * x[u32(rows[k]) * p.size + column]; }
  }
  y[i] = sum;
}
