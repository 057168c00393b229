// Row (image, patch) of y holds that patch's pixels in the order of a Conv3d weight: (c, frame, ky, kx); every frame is the same picture.
struct Params { count: u32, imageSize: u32, patchSize: u32, grid: u32, frames: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> pixels: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = (wid.y * groups.x + wid.x) * 64u + lid;
  if (i >= p.count) { return; }
  let area = p.patchSize * p.patchSize;
  let row = i / (3u * p.frames * area);
  let k = i - row * 3u * p.frames * area;
  let channel = k / (p.frames * area);
  let inside = k % area;
  let patches = p.grid * p.grid;
  let image = row / patches;
  let patch_ = row - image * patches;
  let line = (patch_ / p.grid) * p.patchSize + inside / p.patchSize;
  let column = (patch_ % p.grid) * p.patchSize + inside % p.patchSize;
  y[i] = pixels[((image * 3u + channel) * p.imageSize + line) * p.imageSize + column];
}
