/**
 * The way to the GPU's queue for recorded dispatches: one uniform write and one submit at a time, a bounded number of them under way.
 * All programs of a device share the uniform slots, because the queue keeps its order: a slot is rewritten when the submit that
 * read it has passed.
 */
import type { Budget } from "./pace.ts";

/** Bytes of a uniform slot: the alignment of dynamic offsets. */
export const SLOT = 256;
/** Dispatches of one submit, at most. */
export const SLOTS = 256;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
/** A submit that took seconds was a hiccup: nobody rests as long. */
const LONGEST_REST_MS = 250;

export class SubmitQueue {
  readonly uniforms: GPUBuffer;
  /** What the next submit writes into `uniforms`, as both kinds of field. */
  readonly words = new Uint32Array((SLOTS * SLOT) / 4);
  readonly floats = new Float32Array(this.words.buffer);
  readonly #device: GPUDevice;
  /** Settle when the GPU is through, oldest first. */
  readonly #inFlight: Promise<void>[] = [];
  #finishedAt = 0;
  #lastMs = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
    this.uniforms = device.createBuffer({
      label: "params",
      size: SLOTS * SLOT,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
  }

  /**
   * Waits until another submit may go, then has it encoded: `encode` fills `words` and returns how many slots it took. `onFinished`
   * gets the seconds that the GPU spent on it; `timestampWrites` has the GPU note when the pass began and ended. Resolves when it was sent; rejects when the device was lost on the way.
   */
  async submit(
    budget: Budget,
    encode: (pass: GPUComputePassEncoder) => number,
    onFinished?: (seconds: number) => void,
    timestampWrites?: GPUComputePassTimestampWrites,
  ): Promise<void> {
    while (this.#inFlight.length >= budget.inFlight) await this.#inFlight[0];
    const rest = this.#finishedAt + Math.min(LONGEST_REST_MS, budget.rest * this.#lastMs) - performance.now();
    if (rest > 0) await sleep(rest);

    const { queue } = this.#device;
    const encoder = this.#device.createCommandEncoder();
    const pass = encoder.beginComputePass(timestampWrites && { timestampWrites });
    const slots = encode(pass);
    pass.end();
    queue.writeBuffer(this.uniforms, 0, this.words, 0, (slots * SLOT) / 4);
    queue.submit([encoder.finish()]);
    const sentAt = performance.now();
    const finished = queue.onSubmittedWorkDone().then(() => {
      const now = performance.now();
      // It began when it was sent, or when the one before it was through.
      this.#lastMs = now - Math.max(sentAt, this.#finishedAt);
      this.#finishedAt = now;
      onFinished?.(this.#lastMs / 1000);
    });
    this.#inFlight.push(finished);
    const leave = (): void => {
      this.#inFlight.splice(this.#inFlight.indexOf(finished), 1);
    };
    // A lost device fails all that are in flight; whoever waits for one of them is told.
    finished.then(leave, leave);
  }

  /** Resolves when the GPU is through with all that was sent. */
  async finished(): Promise<void> {
    await this.#inFlight.at(-1);
  }
}
