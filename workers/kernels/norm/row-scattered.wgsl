// Backward: the row of x and dx for row m of dy.
@group(0) @binding(6) var<storage, read> scatter: array<u32>;
fn source(m: u32) -> u32 { return scatter[m]; }
