// AdamW, the order of operations of torch.optim.adamw._single_tensor_adamw in f32. After adamw-params.wgsl.
@group(0) @binding(1) var<storage, read> grad: array<f32>;
@group(0) @binding(2) var<storage, read> clip: array<f32>;
@group(0) @binding(3) var<storage, read_write> param: array<f32>;
@group(0) @binding(4) var<storage, read_write> m: array<f32>;
@group(0) @binding(5) var<storage, read_write> v: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = (wid.y * groups.x + wid.x) * 64u + lid;
  if (i >= p.count || clip[2] != 0.0) { return; }
  let g = grad[i] * clip[1];
  let first = m[i] + p.oneMinusBeta1 * (g - m[i]);
  let second = v[i] * p.beta2 + p.oneMinusBeta2 * g * g;
  m[i] = first;
  v[i] = second;
  param[i] = param[i] * p.decay - p.stepSize * (first / (sqrt(second) / p.biasCorrection2Sqrt + p.eps));
}
