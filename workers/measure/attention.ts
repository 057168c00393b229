/** Attention, forward and backward, by both kernel families. */

import { write } from "../gpu/buffers.ts";
import { softwareVariants } from "../gpu/variants.ts";
import { attentionBackward, attentionForward } from "../kernels/attention/attention.ts";
import type { Context } from "./parts.ts";
import { fillUniform } from "./random-model.ts";
import type { AttentionCase } from "./sizes.ts";
import { flopShare, timed, withArena } from "./timing.ts";

/** Times it into `found.attention`; one sequence of all rows. */
export async function measureAttention(c: Context, a: AttentionCase): Promise<void> {
  const { name, rows, heads, headSize } = a;
  await withArena(c, async (arena) => {
    const width = (heads + 2 * a.kvHeads) * headSize;
    const [qkv, dQkv] = [arena.tensor("qkv", rows * width), arena.tensor("dQkv", rows * width)];
    const [out, dOut] = [arena.tensor("out", rows * heads * headSize), arena.tensor("dOut", rows * heads * headSize)];
    const [lse, delta] = [arena.tensor("lse", rows * heads), arena.tensor("delta", rows * heads)];
    const [starts, ends] = [arena.tensor("starts", rows), arena.tensor("ends", rows)];
    write(c.gpu, ends, new Uint32Array(rows).fill(rows));
    await fillUniform(c.gpu, c.pipelines, [qkv, dOut]);
    for (const tile of ["software", "gpu"] as const) {
      c.check();
      const shape = { ...a, starts, ends, tile };
      const run = (record: Parameters<typeof timed>[3]) => timed(c, arena, [softwareVariants], record);
      const [forward] = await run((r) => attentionForward(r, { ...shape, out, lse, qkv }));
      const [backward] = await run((r) => attentionBackward(r, { ...shape, dQkv, dOut, out, lse, delta, qkv }));
      const share = {
        forward: flopShare(c.found, forward!.flops, forward!.time.median),
        backward: flopShare(c.found, backward!.flops, backward!.time.median),
      };
      c.found.attention.push({
        ...{ name, variant: tile, forward: forward!.time, backward: backward!.time, share },
        flops: { forward: forward!.flops, backward: backward!.flops },
      });
      const ms = (t: typeof forward): string => `${t!.time.median.toPrecision(3)} ms`;
      c.say(`attention of ${name}, ${tile}: forward ${ms(forward)}, backward ${ms(backward)}`);
    }
  });
}
