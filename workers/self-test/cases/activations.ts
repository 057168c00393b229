/** SwiGLU, the three spellings of GELU, and the rotary embedding. */
import type { Uploads } from "../../gpu/buffers.ts";
import { randomArray } from "../../gpu/numbers.ts";
import type { Recorder } from "../../gpu/program.ts";
import { type GeluKind, geluBackward, geluForward } from "../../kernels/activation/gelu.ts";
import { geluReference, slope } from "../../kernels/activation/reference.ts";
import { swigluBackward, swigluForward } from "../../kernels/activation/swiglu.ts";
import { ropeBackward, ropeForward, ropeTable } from "../../kernels/attention/rope.ts";
import type { Output } from "./case.ts";

export function swiglu(r: Recorder<never>, arena: Uploads): Output[] {
  const [rows, size] = [3, 67];
  const [host, dyHost] = [randomArray(rows * 2 * size, 1, 20), randomArray(rows * size, 2)];
  const gateUp = arena.upload("gate up", host);
  const y = arena.tensor("y", rows * size);
  swigluForward(r, { y, gateUp, size, rows });
  swigluBackward(r, { dy: arena.upload("dy", dyHost), gateUp, size, rows });
  const expected = new Float64Array(rows * size);
  const gradient = new Float64Array(host.length);
  for (let i = 0; i < rows * size; i++) {
    const at = i + Math.floor(i / size) * size;
    const [gate, up] = [host[at]!, host[at + size]!];
    const s = 1 / (1 + Math.exp(-gate));
    expected[i] = gate * s * up;
    gradient[at] = dyHost[i]! * up * s * (1 + gate * (1 - s));
    gradient[at + size] = dyHost[i]! * gate * s;
  }
  return [
    { name: "y", tensor: y, expected },
    { name: "dGateUp", tensor: gateUp, expected: gradient },
  ];
}

/** Out of place, in place, and back. */
export function gelu(r: Recorder<never>, arena: Uploads): Output[] {
  const count = 131;
  const [xHost, dyHost] = [randomArray(count, 1, 4), randomArray(count, 2)];
  const [x, dy] = [arena.upload("x", xHost), arena.upload("dy", dyHost)];
  return (["quick_gelu", "gelu", "gelu_pytorch_tanh"] satisfies GeluKind[]).flatMap((kind): Output[] => {
    const [y, dx] = [arena.tensor("y", count), arena.tensor("dx", count)];
    const inPlace = arena.upload("in place", xHost);
    geluForward(r, { y, x, count, kind });
    geluForward(r, { y: inPlace, x: inPlace, count, kind });
    geluBackward(r, { dx, dy, x, count, kind });
    const expected = Array.from(xHost, (v) => geluReference(v, kind));
    const slopes = Array.from(xHost, (v, i) => dyHost[i]! * slope((at) => geluReference(at, kind), v));
    return [
      { name: `${kind} y`, tensor: y, expected },
      { name: `${kind} in place`, tensor: inPlace, expected },
      { name: `${kind} dx`, tensor: dx, expected: slopes },
    ];
  });
}

/** Rows of q|k|v, and what a rotation makes of them. */
function rotation(arena: Uploads) {
  const [rows, heads, kvHeads, headSize] = [5, 3, 1, 10];
  const half = headSize / 2;
  const width = (heads + 2 * kvHeads) * headSize;
  const host = randomArray(rows * width, 1);
  const tableHost = ropeTable(301, headSize, 10000);
  const positions = Uint32Array.of(0, 1, 300, 7, 2);
  const table = arena.upload("table", tableHost);
  const expected = Float64Array.from(host);
  positions.forEach((position, row) => {
    for (let head = 0; head < heads + kvHeads; head++)
      for (let i = 0; i < half; i++) {
        const at = row * width + head * headSize + i;
        const [cosine, sine] = [tableHost[(position * half + i) * 2]!, tableHost[(position * half + i) * 2 + 1]!];
        expected[at] = host[at]! * cosine - host[at + half]! * sine;
        expected[at + half] = host[at + half]! * cosine + host[at]! * sine;
      }
  });
  return { shape: { table, heads, kvHeads, headSize, rows }, positions, host, expected, width };
}

/** Forward against the formula; forward and back again against the input. */
export function rope(r: Recorder<never>, arena: Uploads): Output[] {
  const { shape, host, expected, ...facts } = rotation(arena);
  const positions = arena.upload("positions", facts.positions);
  const [once, there] = [arena.upload("once", host), arena.upload("there and back", host)];
  ropeForward(r, { ...shape, positions, qkv: once });
  ropeForward(r, { ...shape, positions, qkv: there });
  ropeBackward(r, { ...shape, positions, qkv: there });
  return [
    { name: "rotated", tensor: once, expected },
    { name: "rotated and back", tensor: there, expected: host },
  ];
}

/** Keys and values behind two rows of a cache. */
export function ropeIntoCache(r: Recorder<never>, arena: Uploads): Output[] {
  const { shape, positions, host, expected, width } = rotation(arena);
  const past = 2;
  const queries = shape.heads * shape.headSize;
  const kv = arena.tensor("kv", (past + shape.rows) * (width - queries));
  const cache = { kv, past };
  const qkv = arena.upload("qkv", host);
  ropeForward(r, { ...shape, positions: arena.upload("positions", Uint32Array.of(0, 0, ...positions)), qkv, cache });
  const cached = expected.filter((_, i) => i % width >= queries);
  return [
    { name: "queries", tensor: qkv, expected: host.map((v, i) => (i % width < queries ? expected[i]! : v)) },
    { name: "cache", tensor: kv, expected: [...Array(past * (width - queries)).fill(0), ...cached] },
  ];
}
