// In front of rope.wgsl and rope-cache.wgsl, whose Params have axes and axesRow: the cosine and sine that a row's pair turns by. Where
// rows have several positions, row axesRow of the table says which of them is the pair's.
fn turnOf(row: u32, i: u32) -> vec2f {
  var axis = 0u;
  if (p.axes > 1u) { axis = u32(table[p.axesRow * p.half + i].x); }
  return table[positions[row * p.axes + axis] * p.half + i];
}
