/** SwiGLU, the three spellings of GELU, and the rotary embedding. */
import type { Arena } from "../../gpu/buffers.ts";
import { randomArray } from "../../gpu/numbers.ts";
import type { Recorder } from "../../gpu/program.ts";
import { geluReference, slope } from "../../kernels/elementwise-reference.ts";
import { type GeluKind, geluBackward, geluForward } from "../../kernels/gelu.ts";
import { ropeBackward, ropeForward, ropeTable } from "../../kernels/rope.ts";
import { swigluBackward, swigluForward } from "../../kernels/swiglu.ts";
import type { Output } from "./case.ts";

export function swiglu(r: Recorder, arena: Arena): Output[] {
  const [rows, size] = [3, 67];
  const [host, dyHost] = [randomArray(rows * 2 * size, 1, 20), randomArray(rows * size, 2)];
  const gateUp = arena.upload("gate up", host);
  const [y, dGateUp] = [arena.tensor("y", rows * size), arena.tensor("dGateUp", host.length)];
  swigluForward(r, { y, gateUp, size, rows });
  swigluBackward(r, { dGateUp, dy: arena.upload("dy", dyHost), gateUp, size, rows });
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
    { name: "dGateUp", tensor: dGateUp, expected: gradient },
  ];
}

/** Out of place, in place, and back. */
export function gelu(r: Recorder, arena: Arena): Output[] {
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

/** Forward against the formula; forward and back again against the input. */
export function rope(r: Recorder, arena: Arena): Output[] {
  const [rows, heads, kvHeads, headSize] = [5, 3, 1, 10];
  const half = headSize / 2;
  const width = (heads + 2 * kvHeads) * headSize;
  const host = randomArray(rows * width, 1);
  const tableHost = ropeTable(301, headSize, 10000);
  const shape = {
    positions: arena.upload("positions", Uint32Array.of(0, 1, 300, 7, 2)),
    table: arena.upload("table", tableHost),
    heads,
    kvHeads,
    headSize,
    rows,
  };
  const [once, there] = [arena.upload("once", host), arena.upload("there and back", host)];
  ropeForward(r, { ...shape, qkv: once });
  ropeForward(r, { ...shape, qkv: there });
  ropeBackward(r, { ...shape, qkv: there });
  const expected = Float64Array.from(host);
  [0, 1, 300, 7, 2].forEach((position, row) => {
    for (let head = 0; head < heads + kvHeads; head++)
      for (let i = 0; i < half; i++) {
        const at = row * width + head * headSize + i;
        const [cosine, sine] = [tableHost[(position * half + i) * 2]!, tableHost[(position * half + i) * 2 + 1]!];
        expected[at] = host[at]! * cosine - host[at + half]! * sine;
        expected[at + half] = host[at + half]! * cosine + host[at]! * sine;
      }
  });
  return [
    { name: "rotated", tensor: once, expected },
    { name: "rotated and back", tensor: there, expected: host },
  ];
}
