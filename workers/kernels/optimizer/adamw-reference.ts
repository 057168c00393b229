/** One AdamW step in f64, written from the formula. */

export interface AdamWState {
  param: number[];
  m: number[];
  v: number[];
}

export interface AdamWScalars {
  learningRate: number;
  beta1: number;
  beta2: number;
  eps: number;
  weightDecay: number;
  /** Number of this update, from 1. */
  t: number;
  /** Factor on the gradient. */
  clip: number;
}

/** Updates `state` in place. */
export function adamwReference(state: AdamWState, grad: ArrayLike<number>, s: AdamWScalars): void {
  state.param.forEach((param, i) => {
    const g = grad[i]! * s.clip;
    const m = s.beta1 * state.m[i]! + (1 - s.beta1) * g;
    const v = s.beta2 * state.v[i]! + (1 - s.beta2) * g * g;
    const root = Math.sqrt(v) / Math.sqrt(1 - s.beta2 ** s.t);
    const update = m / (1 - s.beta1 ** s.t) / (root + s.eps);
    state.m[i] = m;
    state.v[i] = v;
    state.param[i] = param * (1 - s.learningRate * s.weightDecay) - s.learningRate * update;
  });
}
