// Philox4x32-10, as in random/philox.ts: four uniform u32 for one counter under one key.
fn mulHigh(a: u32, b: u32) -> u32 {
  let aLow = a & 0xffffu;
  let aHigh = a >> 16u;
  let bLow = b & 0xffffu;
  let bHigh = b >> 16u;
  let middle = aHigh * bLow + ((aLow * bLow) >> 16u);
  let carry = aLow * bHigh + (middle & 0xffffu);
  return aHigh * bHigh + (middle >> 16u) + (carry >> 16u);
}

fn philox(start: vec4u, startKey: vec2u) -> vec4u {
  var c = start;
  var key = startKey;
  for (var round = 0u; round < 10u; round++) {
    let high0 = mulHigh(0xd2511f53u, c.x);
    let high1 = mulHigh(0xcd9e8d57u, c.z);
    c = vec4u(high1 ^ c.y ^ key.x, 0xcd9e8d57u * c.z, high0 ^ c.w ^ key.y, 0xd2511f53u * c.x);
    key += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}
