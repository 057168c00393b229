/**
 * Watches the kernels while a run goes on. A test before the run says nothing of a card that gets too hot in its second hour: between
 * steps one small op, in turn over those that the run uses, is held against the CPU, in buffers of its own; and before a checkpoint is
 * written all of them that were tried are, so that what is saved comes of kernels that were right after its last step.
 */
import { TabTuneError } from "../errors.ts";
import type { Vlm } from "../models/vlm.ts";
import type { SelfTestCase } from "../self-test/cases/case.ts";
import { selfTestCases } from "../self-test/cases/index.ts";
import { casesOf } from "../self-test/cases/used.ts";
import { runCases } from "../self-test/run-cases.ts";
import { headSizesOf, wrongWords } from "../self-test/self-test.ts";
import { counted } from "../words.ts";

/** Of the time that steps take, what watching may take. */
const SHARE = 0.01;
/** What the first try of an op is thought to cost, in ms, most of it to compile: short runs are not watched. */
const FIRST_MS = { graphicsCard: 20, software: 500 };

export interface WatchCounts {
  /** Ops that were held against the CPU, each as often as it was. */
  tries: number;
  /** Different ones of them, and those that the run uses. */
  ops: number;
  of: number;
  ms: number;
}

export class KernelWatch {
  readonly #vlm: Pick<Vlm, "gpu" | "pipelines" | "variants" | "config">;
  readonly #kernels: ReadonlySet<string>;
  readonly #share: number;
  readonly #firstMs: number;
  #cases: SelfTestCase[] | undefined;
  /** What was tried, and after which step it was right last. */
  readonly #right = new Map<SelfTestCase, number>();
  #next = 0;
  #tries = 0;
  #ms = 0;
  #trainedMs = 0;
  /** A checkpoint was written since the run began, or went on. */
  #saved = false;

  /** `kernels`: names of those that the run dispatches. */
  constructor(
    vlm: Pick<Vlm, "gpu" | "pipelines" | "variants" | "config">,
    kernels: ReadonlySet<string>,
    share = SHARE,
  ) {
    this.#vlm = vlm;
    this.#kernels = kernels;
    this.#share = share;
    this.#firstMs = vlm.gpu.facts.software ? FIRST_MS.software : FIRST_MS.graphicsCard;
  }

  get counts(): WatchCounts {
    return { tries: this.#tries, ops: this.#right.size, of: this.#cases?.length ?? 0, ms: this.#ms };
  }

  /**
   * After `step`, which took `ms`: tries the next op where the time for it is earned.
   * @throws TabTuneError "wrong-numbers" naming the op, "device-lost"
   */
  async afterStep(step: number, ms: number): Promise<void> {
    this.#trainedMs += ms;
    if (this.#ms + this.#firstMs > this.#share * this.#trainedMs) return;
    await this.#timed(async () => {
      const { variants, config } = this.#vlm;
      this.#cases ??= casesOf(selfTestCases(variants, headSizesOf(config)), this.#kernels);
      const next = this.#cases[this.#next++ % this.#cases.length];
      if (next) await this.#tryThem([next], step);
    });
  }

  /** Before the checkpoint of `step` is written: tries again what was tried before. Throws as `afterStep`. */
  async beforeSave(step: number): Promise<void> {
    const due = [...this.#right].filter(([, last]) => last < step).map(([c]) => c);
    if (due.length > 0) await this.#timed(() => this.#tryThem(due, step));
    this.#saved = true;
  }

  /** What to tell at the end of a run; "" of one that was too short. */
  get total(): string {
    const { tries, ops, of, ms } = this.counts;
    if (tries === 0) return "";
    const times = counted(tries, "time");
    return `While it went on, this GPU's kernels were held against the CPU ${times}, ${ops} of the ${counted(of, "op")} that it uses; they were right (${(ms / 1000).toFixed(1)} s in all).`;
  }

  async #timed(work: () => Promise<void>): Promise<void> {
    const began = performance.now();
    await work();
    this.#ms += performance.now() - began;
  }

  async #tryThem(cases: SelfTestCase[], step: number): Promise<void> {
    const { gpu, pipelines } = this.#vlm;
    this.#tries += cases.length;
    const results = await runCases(gpu, pipelines, cases);
    // Each is of an op that the run dispatches.
    const wrong = results.find(({ passed }) => !passed);
    if (wrong) {
      const last = this.#right.get(cases.find((c) => c.op === wrong.op)!);
      throw new TabTuneError(
        "wrong-numbers",
        `This GPU began to compute ${wrongWords(wrong)}, found after step ${step}; ${last === undefined ? "it was right when the run began" : `after step ${last} it was right`}.`,
        "Let the computer cool down, restart it, update the graphics driver; then go on with the run: every op is tested first.",
        last === undefined && this.#saved
          ? "The last checkpoint is kept, but this op was not tried before it was written: look at its losses before you go on."
          : "Nothing is saved of the steps since then; the last checkpoint is good, and kept.",
      );
    }
    for (const c of cases) this.#right.set(c, step);
  }
}
