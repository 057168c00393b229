// The sum of one number per thread, the same for all 32 threads of the workgroup and always in the same order.
const THREADS = 32u;
var<workgroup> shares: array<f32, THREADS>;

fn total(value: f32, thread: u32) -> f32 {
  // An earlier call's readers are done.
  workgroupBarrier();
  shares[thread] = value;
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0u; i < THREADS; i++) { sum += shares[i]; }
  return sum;
}
