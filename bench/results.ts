/** What bench/results.json holds. Times are of one machine on one day: only ratios inside one file mean anything. */
import type { AdapterFacts } from "../workers/gpu/device.ts";

/** A multiplication by one weight: y [rows, out] = x [rows, in] Wᵀ. */
export interface GemmCase {
  format: "nf4" | "f32";
  rows: number;
  in: number;
  out: number;
  rounds: number;
}

export interface Timing {
  /** Fastest round. */
  ms: number;
  /** All rounds, in order: round i of one candidate ran right beside round i of the others. */
  rounds: number[];
  flops: number;
}

export interface GemmResult extends GemmCase {
  ours: Timing;
  /** Input gradient, dx [rows, in] = dy [rows, out] W; only for NF4. onnxruntime-web has no counterpart. */
  oursBackward?: Timing;
  /** onnxruntime-web's operator on the same device. */
  ort: Timing & { operator: string };
  /** L2 norm of (ours - onnxruntime's) over that of onnxruntime's, all elements. */
  difference: number;
  /** L2 error over the L2 norm of an f64 reference, on the first and the last row. */
  error: { ours: number; ort: number; oursBackward?: number };
}

/** WebGPU calls, counted at the API whoever makes them. */
export interface ApiCalls {
  dispatches: number;
  submits: number;
  buffersCreated: number;
  bindGroupsCreated: number;
  pipelinesCreated: number;
  bytesWritten: number;
}

export interface StepSide {
  /** Fastest step. */
  seconds: number;
  rounds: number[];
  tokensPerSecond: number;
  /** Of one steady step. */
  calls: ApiCalls;
  /** From nothing to a step that can run: pipelines made, and the time in which at least one of them was compiling. */
  pipelines: number;
  compileMs: number;
}

export interface KernelProfile {
  kernel: string;
  dispatches: number;
  ms: number;
  flops: number;
}

export interface StepResult {
  batchSize: number;
  tokens: number;
  targetTokens: number;
  loraRank: number;
  /** Every kernel ours. */
  ownTower: StepSide;
  /** The page's default: the frozen vision tower on onnxruntime-web. */
  ortTower: StepSide;
  /** |loss - loss| / loss between the two. */
  lossDifference: number;
  flops: {
    /** Sum over the dispatches of one step with our tower. */
    executed: number;
    /** Forward, input gradients and LoRA gradients; nothing twice (memory-plan.ts). */
    ideal: number;
  };
  /** One step with our tower, a submit per dispatch, slowest kernel first. */
  profile: KernelProfile[];
}

export interface Results {
  /** ISO 8601. */
  date: string;
  commit: string;
  browser: string;
  onnxruntimeWeb: string;
  adapter: AdapterFacts;
  /** One-minute load average before and after: how busy the machine was. */
  load: [number, number];
  gemm: GemmResult[];
  step: StepResult;
}
