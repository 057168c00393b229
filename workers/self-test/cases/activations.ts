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

/** Which position of a row each pair turns by; all by the one where rows have no other. */
const oneAxis = [0, 0, 0, 0, 0];
const threeAxes = [0, 1, 2, 0, 1];

/** Rows of q|k|v, and what a rotation makes of them. */
function rotation(arena: Uploads, pairs: readonly number[]) {
  const axes = Math.max(...pairs) + 1;
  const [rows, heads, kvHeads, headSize] = [5, 3, 1, 10];
  const half = headSize / 2;
  const width = (heads + 2 * kvHeads) * headSize;
  const host = randomArray(rows * width, 1);
  const tableHost = ropeTable(301, headSize, 10000, axes > 1 ? pairs : undefined);
  const positions = Uint32Array.of(0, 1, 300, 7, 2, 11, 0, 5, 3, 299, 1, 1, 42, 17, 8).subarray(0, rows * axes);
  const table = arena.upload("table", tableHost);
  const expected = Float64Array.from(host);
  for (let row = 0; row < rows; row++)
    for (let head = 0; head < heads + kvHeads; head++)
      for (let i = 0; i < half; i++) {
        const position = positions[row * axes + pairs[i]!]!;
        const at = row * width + head * headSize + i;
        const [cosine, sine] = [tableHost[(position * half + i) * 2]!, tableHost[(position * half + i) * 2 + 1]!];
        expected[at] = host[at]! * cosine - host[at + half]! * sine;
        expected[at + half] = host[at + half]! * cosine + host[at]! * sine;
      }
  return { shape: { table, axes, heads, kvHeads, headSize, rows }, positions, host, expected, width };
}

/** Forward against the formula; forward and back again against the input: rows of one position, and of three. */
export const rope = (r: Recorder<never>, arena: Uploads): Output[] =>
  [oneAxis, threeAxes].flatMap((pairs, n) => {
    const { shape, host, expected, ...facts } = rotation(arena, pairs);
    const positions = arena.upload("positions", facts.positions);
    const [once, there] = [arena.upload("once", host), arena.upload("there and back", host)];
    ropeForward(r, { ...shape, positions, qkv: once });
    ropeForward(r, { ...shape, positions, qkv: there });
    ropeBackward(r, { ...shape, positions, qkv: there });
    const of = ["one position", "three positions"][n];
    return [
      { name: `rotated by ${of}`, tensor: once, expected },
      { name: `rotated by ${of} and back`, tensor: there, expected: host },
    ];
  });

/** Keys and values behind two rows of a cache: rows of one position, and of three. */
export const ropeIntoCache = (r: Recorder<never>, arena: Uploads): Output[] =>
  [oneAxis, threeAxes].flatMap((pairs, n) => {
    const { shape, positions, host, expected, width } = rotation(arena, pairs);
    const past = 2;
    const queries = shape.heads * shape.headSize;
    const kv = arena.tensor("kv", (past + shape.rows) * (width - queries));
    const cache = { kv, past };
    const qkv = arena.upload("qkv", host);
    const all = Uint32Array.of(...Array(past * shape.axes).fill(0), ...positions);
    ropeForward(r, { ...shape, positions: arena.upload("positions", all), qkv, cache });
    const cached = expected.filter((_, i) => i % width >= queries);
    const of = ["one position", "three positions"][n];
    return [
      {
        name: `queries by ${of}`,
        tensor: qkv,
        expected: host.map((v, i) => (i % width < queries ? expected[i]! : v)),
      },
      {
        name: `cache by ${of}`,
        tensor: kv,
        expected: [...Array(past * (width - queries)).fill(0), ...cached],
      },
    ];
  });
