// Params of both kinds of AdamW.
struct Params {
  count: u32,
  decay: f32, // 1 - learningRate * weightDecay
  beta1: f32,
  oneMinusBeta1: f32,
  beta2: f32,
  oneMinusBeta2: f32,
  stepSize: f32, // learningRate / biasCorrection1
  biasCorrection2Sqrt: f32,
  eps: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
