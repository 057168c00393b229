// Params and bindings of the kernels for the gradients of queries, keys and values.
struct Params { rows: u32, heads: u32, kvHeads: u32, causal: u32, scale: f32, firstX: u32, firstY: u32, firstZ: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> dQkv: array<vec4f>;
@group(0) @binding(2) var<storage, read> dOut: array<vec4f>;
@group(0) @binding(3) var<storage, read> qkv: array<vec4f>;
@group(0) @binding(4) var<storage, read> lse: array<f32>;
@group(0) @binding(5) var<storage, read> delta: array<f32>;
@group(0) @binding(6) var<storage, read> starts: array<u32>;
@group(0) @binding(7) var<storage, read> ends: array<u32>;

fn lseAt(i: vec4u) -> vec4f { return vec4f(lse[i.x], lse[i.y], lse[i.z], lse[i.w]); }
fn deltaAt(i: vec4u) -> vec4f { return vec4f(delta[i.x], delta[i.y], delta[i.z], delta[i.w]); }
fn dOutAt(i: vec4u) -> mat4x4f { return mat4x4f(dOut[i.x], dOut[i.y], dOut[i.z], dOut[i.w]); }
