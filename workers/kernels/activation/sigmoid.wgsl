// exp only of what is not positive, so that nothing overflows: WGSL may assume that no infinity arises.
fn sigmoid(x: f32) -> f32 {
  let e = exp(-abs(x));
  return select(1.0, e, x < 0.0) / (1.0 + e);
}
