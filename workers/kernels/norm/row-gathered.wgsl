// Forward: the row of x for row m of y.
@group(0) @binding(5) var<storage, read> gather: array<u32>;
fn source(m: u32) -> u32 { return gather[m]; }
