// As patch-im2col.wgsl, from RGB bytes [images, S, S, 3] packed four to a word, through a table of normalised values [3, 256].
struct Params { count: u32, imageSize: u32, patchSize: u32, grid: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> pixels: array<u32>;
@group(0) @binding(2) var<storage, read> table: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = (wid.y * groups.x + wid.x) * 64u + lid;
  if (i >= p.count) { return; }
  let area = p.patchSize * p.patchSize;
  let row = i / (3u * area);
  let k = i - row * 3u * area;
  let channel = k / area;
  let inside = k - channel * area;
  let patches = p.grid * p.grid;
  let image = row / patches;
  let patch_ = row - image * patches;
  let line = (patch_ / p.grid) * p.patchSize + inside / p.patchSize;
  let column = (patch_ % p.grid) * p.patchSize + inside % p.patchSize;
  let at = ((image * p.imageSize + line) * p.imageSize + column) * 3u + channel;
  let value = (pixels[at / 4u] >> (8u * (at & 3u))) & 0xffu;
  y[i] = table[channel * 256u + value];
}
