// What both families share; a thread works on 4 rows and 4 columns of the scores at a time. After the bindings.
fn startsAt(row: vec4u) -> vec4u { return vec4u(starts[row.x], starts[row.y], starts[row.z], starts[row.w]); }
fn endsAt(row: vec4u) -> vec4u { return vec4u(ends[row.x], ends[row.y], ends[row.z], ends[row.w]); }
// One past the last key that query `row` sees: itself (causal), or its sequence's end.
fn stopsAt(row: vec4u) -> vec4u {
  if (p.causal == 0u) { return endsAt(row); }
  return row + 1u;
}
// The first query that sees key `row`: itself (causal), or its sequence's start.
fn firstQueriesAt(row: vec4u) -> vec4u {
  if (p.causal == 0u) { return startsAt(row); }
  return row;
}
fn qkvAt(i: vec4u) -> mat4x4f { return mat4x4f(qkv[i.x], qkv[i.y], qkv[i.z], qkv[i.w]); }
fn visible(columns: vec4u, first: u32, stop: u32) -> vec4<bool> {
  return (columns >= vec4u(first)) & (columns < vec4u(stop));
}
fn largest(v: vec4f) -> f32 { return max(max(v.x, v.y), max(v.z, v.w)); }
fn sum(v: vec4f) -> f32 { return (v.x + v.y) + (v.z + v.w); }

// s[i] + the products of row i with the 4 columns: one part of the score loop, along the head.
fn scores(s: mat4x4f, rows: mat4x4f, columns: mat4x4f) -> mat4x4f {
  return mat4x4f(s[0] + rows[0] * columns, s[1] + rows[1] * columns, s[2] + rows[2] * columns, s[3] + rows[3] * columns);
}
// acc[i] + the 4 columns of `values`, each times its weight in w[i].
fn weighted(acc: mat4x4f, values: mat4x4f, w: mat4x4f) -> mat4x4f {
  return mat4x4f(acc[0] + values * w[0], acc[1] + values * w[1], acc[2] + values * w[2], acc[3] + values * w[3]);
}
