// The three GELUs, after sigmoid.wgsl. Kinds, as in gelu.ts: 0 quick_gelu, 1 gelu (erf), 2 gelu_pytorch_tanh.
// WGSL has no erf. erf(z) = z Q(z^2) below 0.8; above, erfc(z) = exp(-z^2) t P(t) with t = 1 / (1 + 0.4 z), the form of Abramowitz
// and Stegun 7.1.26 with more terms. P and Q are our own minimax fits in relative error (8e-8 and 3e-9); in f32 arithmetic
// gelu is within 2e-7 relative for x > 0 and within 2e-7 |x| for x < 0.
fn erfcTail(z: f32) -> f32 {
  let t = 1.0 / (1.0 + 0.4 * z);
  let q = 0.22563916 + t * (0.22650276 + t * (0.19996944 + t * (0.20924461 + t * (0.014874686 + t * (0.23768795 - t * 0.11412340)))));
  return exp(-z * z) * t * q;
}

fn erfNear(z: f32) -> f32 {
  let s = z * z;
  return z * (1.12837911 + s * (-0.37612602 + s * (0.11283113 + s * (-0.026820811 + s * (0.0050851363 - s * 0.00065352686)))));
}

// The standard normal distribution function.
fn normalCdf(x: f32) -> f32 {
  let z = abs(x) * 0.70710678;
  // Beyond 9, erfc is below the smallest f32; the bound keeps the exponent in range.
  let tail = 0.5 * select(erfcTail(min(z, 9.0)), 1.0 - erfNear(min(z, 0.8)), z < 0.8);
  return select(1.0 - tail, tail, x < 0.0);
}

const TANH_SCALE = 1.5957691; // 2 sqrt(2 / pi): (1 + tanh(u)) / 2 = sigmoid(2 u)

fn gelu(x: f32, kind: u32) -> f32 {
  if (kind == 1u) { return x * normalCdf(x); }
  if (kind == 2u) { return x * sigmoid(TANH_SCALE * (x + 0.044715 * x * x * x)); }
  return x * sigmoid(1.702 * x);
}

fn geluSlope(x: f32, kind: u32) -> f32 {
  if (kind == 1u) {
    let b = clamp(x, -13.0, 13.0);
    return normalCdf(x) + x * 0.39894228 * exp(-0.5 * b * b);
  }
  var argument = 1.702 * x;
  var slope = 1.702;
  if (kind == 2u) {
    argument = TANH_SCALE * (x + 0.044715 * x * x * x);
    slope = TANH_SCALE * (1.0 + 0.134145 * x * x);
  }
  let s = sigmoid(argument);
  return s + x * s * sigmoid(-argument) * slope;
}
