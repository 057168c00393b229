// The row of x for row m of y.
fn source(m: u32) -> u32 { return m; }
