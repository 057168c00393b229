struct Params { rows: u32, size: u32, xRow: u32, eps: f32, gathered: u32, accumulate: u32 }
@group(0) @binding(0) var<uniform> p: Params;
