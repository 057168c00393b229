/** One step of AdamW with 8-bit moments in f64, written from bitsandbytes' description: dequantise, update, quantise by block. */
import { dynamicMap, unsignedDynamicMap } from "../../weights/nf4/tables.ts";
import { type AdamWScalars, adamwReference } from "./adamw-reference.ts";

export interface AdamW8bitState {
  param: number[];
  mCodes: number[];
  vCodes: number[];
  /** Per block of 256. */
  mAbsmax: number[];
  vAbsmax: number[];
}

function quantise(values: number[], map: Float32Array): { codes: number[]; absmax: number[] } {
  const absmax: number[] = [];
  const codes = values.map((value, i) => {
    if (i % 256 === 0) absmax.push(Math.max(...values.slice(i, i + 256).map(Math.abs)));
    const x = value / Math.max(absmax.at(-1)!, 1e-38);
    let best = 0;
    map.forEach((entry, code) => {
      if (Math.abs(entry - x) < Math.abs(map[best]! - x)) best = code;
    });
    return best;
  });
  return { codes, absmax };
}

/** Updates `state` in place. */
export function adamw8bitReference(state: AdamW8bitState, grad: ArrayLike<number>, s: AdamWScalars): void {
  const plain = {
    param: state.param,
    m: state.mCodes.map((code, i) => dynamicMap[code]! * state.mAbsmax[i >> 8]!),
    v: state.vCodes.map((code, i) => unsignedDynamicMap[code]! * state.vAbsmax[i >> 8]!),
  };
  adamwReference(plain, grad, s);
  const m = quantise(plain.m, dynamicMap);
  const v = quantise(plain.v, unsignedDynamicMap);
  Object.assign(state, { mCodes: m.codes, vCodes: v.codes, mAbsmax: m.absmax, vAbsmax: v.absmax });
}
