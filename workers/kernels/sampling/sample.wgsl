// One workgroup per row draws a token by temperature, top-k and top-p, without a sort: searches by radix, each for the first key whose
// running sum reaches a goal. Weights and sums are integers, so that neither the adapter's exp() nor the order of adding shows in the
// token. sample-reference.ts says the same in plain steps. After dropout/philox.wgsl.
struct Params {
  vocab: u32, ld: u32, rows: u32,
  outRow: u32,
  scale: f32, // half a logit -> distance; 0: greedy
  far: f32, // halved logits further apart have no weight
  share: u32, // top-p * 2^32; all ones keeps every token
  position: u32, seed: u32, stream: u32,
  topK: u32, // likeliest tokens that are kept, with all that are as likely as the last of them; 0 keeps every token
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> best: array<u32>;
@group(0) @binding(3) var<storage, read_write> chosen: array<vec2u>;
@group(0) @binding(4) var<storage, read_write> ids: array<u32>;

const THREADS = 256u; // as many as a digit has values
// What a search goes by.
const PROBABILITY = 0u; // distance from the best logit: the nucleus' last
const TIE = 1u; // index among the tokens of that distance: which of them still belong to it
const DRAW = 2u; // index among the nucleus
const RANK = 3u; // distance from the best logit, every token weighing 1: that of the last of the likeliest

// Sums are 64-bit: vec2u(low, high). A bin is three limbs of 11 bits a weight, which hold two million weights.
var<workgroup> bins: array<array<atomic<u32>, THREADS>, 3>;
var<workgroup> found: u32;
var<workgroup> below: vec2u;
var<workgroup> goal: vec2u;
var<workgroup> lastDistance: u32;
var<workgroup> lastIndex: u32;

fn plus(a: vec2u, b: vec2u) -> vec2u {
  let low = a.x + b.x;
  return vec2u(low, a.y + b.y + select(0u, 1u, low < a.x));
}

fn less(a: vec2u, b: vec2u) -> bool { return a.y < b.y || (a.y == b.y && a.x < b.x); }

// floor(sum * share / 2^32)
fn part(sum: vec2u, share: u32) -> vec2u {
  return plus(vec2u(mulHigh(sum.x, share), 0u), vec2u(sum.y * share, mulHigh(sum.y, share)));
}

// How far below the best, in 2^-19 of a halving of the probability. Halved logits cannot overflow.
fn distanceOf(top: f32, logit: f32) -> u32 { return u32(min(0.5 * top - 0.5 * logit, p.far) * p.scale); }

// 2^31 * 2^-distance, to 2e-7: a polynomial of degree 5 in fixed point.
fn weightOf(distance: u32) -> u32 {
  let halvings = distance >> 19u;
  if (halvings > 31u) { return 0u; }
  let f = distance << 13u;
  var y = 19794886u - mulHigh(2034856u, f);
  y = 118784456u - mulHigh(y, f);
  y = 515800015u - mulHigh(y, f);
  y = 1488517413u - mulHigh(y, f);
  y = 2147483648u - mulHigh(y, f);
  return y >> halvings;
}

fn binSum(bin: u32) -> vec2u {
  let middle = atomicLoad(&bins[1][bin]);
  let high = atomicLoad(&bins[2][bin]);
  let low = vec2u(atomicLoad(&bins[0][bin]), 0u);
  return plus(low, plus(vec2u(middle << 11u, middle >> 21u), vec2u(high << 22u, high >> 10u)));
}

// `found` becomes the first key whose running sum reaches `share` of the whole (plus `more`), digit by digit of 8 bits from the top.
// A search by TIE goes on towards the goal of the one by PROBABILITY. All threads of the workgroup call it.
fn search(by: u32, row: u32, share: u32, more: u32, lid: u32) {
  if (lid == 0u) {
    found = 0u;
    if (by != TIE) { below = vec2u(); }
  }
  let top = x[row * p.ld + best[row]];
  for (var digit = 0u; digit < 3u; digit++) {
    let shift = 16u - 8u * digit;
    for (var limb = 0u; limb < 3u; limb++) { atomicStore(&bins[limb][lid], 0u); }
    workgroupBarrier();
    let begun = found;
    for (var i = lid; i < p.vocab; i += THREADS) {
      let distance = distanceOf(top, x[row * p.ld + i]);
      var key = i;
      var counts = distance < lastDistance || (distance == lastDistance && i <= lastIndex);
      if (by == PROBABILITY || by == RANK) { key = distance; counts = distance <= lastDistance; }
      if (by == TIE) { counts = distance == lastDistance; }
      if (!counts || (key >> shift) >> 8u != begun) { continue; }
      let weight = select(weightOf(distance), 1u, by == RANK);
      if (weight == 0u) { continue; }
      let bin = (key >> shift) & 255u;
      atomicAdd(&bins[0][bin], weight & 2047u);
      atomicAdd(&bins[1][bin], (weight >> 11u) & 2047u);
      atomicAdd(&bins[2][bin], weight >> 22u);
    }
    workgroupBarrier();
    if (lid == 0u) {
      if (digit == 0u && by != TIE) {
        var all = vec2u();
        for (var bin = 0u; bin < THREADS; bin++) { all = plus(all, binSum(bin)); }
        goal = plus(part(all, share), vec2u(more, 0u));
      }
      var bin = 0u;
      for (; bin < THREADS - 1u; bin++) {
        let sum = binSum(bin);
        let next = plus(below, sum);
        if (any(sum != vec2u()) && !less(next, goal)) { break; }
        below = next;
      }
      found = (begun << 8u) | bin;
    }
    workgroupBarrier();
  }
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lid: u32) {
  let row = wid.x;
  var id = best[row];
  if (p.scale > 0.0) {
    if (lid == 0u) {
      lastDistance = 0xffffffffu;
      lastIndex = 0xffffffffu;
    }
    workgroupBarrier();
    if (p.topK != 0u) {
      search(RANK, row, 0u, p.topK, lid);
      if (lid == 0u) { lastDistance = found; }
      workgroupBarrier();
    }
    if (p.share != 0xffffffffu) {
      search(PROBABILITY, row, p.share, 0u, lid);
      if (lid == 0u) { lastDistance = found; }
      workgroupBarrier();
      search(TIE, row, 0u, 0u, lid);
      if (lid == 0u) { lastIndex = found; }
      workgroupBarrier();
    }
    let draw = philox(vec4u(p.position + row, 0u, 0u, 0u), vec2u(p.seed, p.stream)).x;
    search(DRAW, row, draw, 1u, lid);
    id = min(found, p.vocab - 1u);
  }
  if (lid != 0u) { return; }
  chosen[p.outRow + row] = vec2u(id, bitcast<u32>(x[row * p.ld + best[row]]));
  ids[row] = id;
}
