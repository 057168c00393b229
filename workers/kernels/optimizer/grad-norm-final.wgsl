// out = [norm, clipCoef, nonFiniteFlag, 0] from the sums of squares. torch.nn.utils.clip_grad_norm_: min(1, maxNorm / (norm + 1e-6)).
// After grad-norm-sum.wgsl.
struct Params { blocks: u32, maxNorm: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> partials: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;

const QUIET_NAN = 0x7fc00000u;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lid: u32) {
  var mine = Sum();
  for (var i = lid; i < p.blocks;) {
    let end = min(p.blocks, i + 1024u);
    var part = 0.0;
    for (; i < end; i += 64u) {
      let bits = partials[i];
      mine.flag |= notFinite(bits);
      part += bitcast<f32>(bits);
    }
    mine.total += part;
  }
  let all = sumOfThreads(mine, lid);
  if (lid != 0u) { return; }
  let flag = all.flag | notFinite(bitcast<u32>(all.total));
  let norm = sqrt(all.total);
  // A maxNorm of 0 means: measure, do not clip.
  let clip = select(min(1.0, p.maxNorm / (norm + 1e-6)), 1.0, p.maxNorm <= 0.0);
  out[0] = select(bitcast<u32>(norm), QUIET_NAN, flag != 0u);
  out[1] = select(bitcast<u32>(clip), 0u, flag != 0u);
  out[2] = select(0u, 0x3f800000u, flag != 0u);
  out[3] = 0u;
}
