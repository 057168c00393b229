// One workgroup a row: each thread sums every 64th element, then all threads add the 64 partial sums in the same order, after a
// single barrier. The order is fixed, so the bits are too.
const THREADS = 64u;
var<workgroup> partials: array<vec2f, 64>;

fn total(thread: u32, own: vec2f) -> vec2f {
  partials[thread] = own;
  workgroupBarrier();
  var sum = vec2f();
  for (var i = 0u; i < THREADS; i++) { sum += partials[i]; }
  return sum;
}

// Rows are spread over x and y: a dimension has at most 65,535 workgroups.
fn rowOf(group: vec3u) -> u32 { return group.y * 32768u + group.x; }
