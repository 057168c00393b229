// Row (image, t) of y: with a class token (classRows 1) its embedding for t = 0, else patch t - classRows; plus position t.
struct Params { count: u32, size: u32, patches: u32, classRows: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> patches: array<f32>;
@group(0) @binding(2) var<storage, read> classEmbedding: array<f32>;
@group(0) @binding(3) var<storage, read> positionEmbedding: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = (wid.y * groups.x + wid.x) * 64u + lid;
  if (i >= p.count) { return; }
  let row = i / p.size;
  let column = i - row * p.size;
  let image = row / (p.patches + p.classRows);
  let t = row - image * (p.patches + p.classRows);
  var value: f32;
  if (t < p.classRows) { value = classEmbedding[column]; } else { value = patches[(image * p.patches + t - p.classRows) * p.size + column]; }
  y[i] = value + positionEmbedding[t * p.size + column];
}
