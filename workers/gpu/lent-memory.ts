/**
 * Memory of data that never changes, lent while nobody reads it: whoever borrows writes over it, and what lay there is written again
 * from a copy on the CPU's side when it is wanted. So weights that are rarely needed cost no memory beside what is needed without them.
 */
import { type Counters, readBack, type Tensor, write } from "./buffers.ts";
import type { Gpu } from "./device.ts";

/** What lies in a tensor while it is not borrowed. */
interface Content {
  tensor: Tensor;
  bytes: Uint8Array;
}

/** Tensors that somebody has borrowed. */
export interface Borrowed {
  /** To be awaited before each time that they are written: the first time it copies what lies there. */
  take(): Promise<void>;
  /** They are not written any more. What was taken last stays so until somebody wants what lay there. */
  giveBack(): void;
}

interface Loan {
  /** Once it was taken. */
  contents: Content[] | undefined;
  over: boolean;
}

/** Bytes that are queued before the GPU is waited for: what is queued lies in memory once more. */
const QUEUED_BYTES = 2 ** 24;

export class LentMemory {
  readonly #gpu: Gpu;
  readonly #counters: Counters;
  readonly #loans = new Set<Loan>();
  #overwritten = false;

  constructor(gpu: Gpu, counters: Counters) {
    this.#gpu = gpu;
    this.#counters = counters;
  }

  /** Does nothing before `take`. Borrowers need not know of each other, as long as each finishes what it takes them for. */
  lend(tensors: readonly Tensor[]): Borrowed {
    const loan: Loan = { contents: undefined, over: false };
    this.#loans.add(loan);
    return {
      take: async () => {
        if (tensors.length === 0) return;
        if (!loan.contents) {
          await this.restore();
          loan.contents = await this.#copy(tensors);
        }
        this.#overwritten = true;
      },
      giveBack: () => {
        loan.over = true;
        this.#forget();
      },
    };
  }

  /** To be awaited before anything is read that was lent: writes it again where somebody took it. */
  async restore(): Promise<void> {
    if (!this.#overwritten) return;
    let queued = 0;
    for (const { contents = [] } of this.#loans) {
      for (const { tensor, bytes } of contents) {
        write(this.#gpu, tensor, bytes, this.#counters);
        queued += bytes.length;
        if (queued < QUEUED_BYTES) continue;
        await this.#gpu.device.queue.onSubmittedWorkDone();
        queued = 0;
      }
    }
    this.#overwritten = false;
    this.#forget();
  }

  /** One at a time: what is read through lies in memory beside it. */
  async #copy(tensors: readonly Tensor[]): Promise<Content[]> {
    const contents: Content[] = [];
    for (const tensor of tensors) {
      const [words] = await readBack(this.#gpu, [tensor]);
      contents.push({ tensor, bytes: new Uint8Array(words!.buffer) });
    }
    return contents;
  }

  /** Drops copies that nobody will want again. */
  #forget(): void {
    if (this.#overwritten) return;
    for (const loan of this.#loans) if (loan.over) this.#loans.delete(loan);
  }
}
