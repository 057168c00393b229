/** The products of a model, at its shapes, by every kernel that is right on this adapter; and what the choice between them is worth. */
import type { Arena, Tensor } from "../gpu/buffers.ts";
import type { Recorder } from "../gpu/program.ts";
import { type LinearVariant, softwareVariants, type Variants } from "../gpu/variants.ts";
import { linearBackwardInput, linearForward } from "../kernels/linear/linear.ts";
import { loraGradients } from "../kernels/linear/lora.ts";
import { tileFor } from "../kernels/linear/tiles.ts";
import type { Weight } from "../kernels/linear/weight.ts";
import { linearWeightGradient } from "../kernels/linear/weight-gradient.ts";
import { forcedVariants, selectVariants } from "../kernels/select.ts";
import { autotune, tunedVariants } from "../self-test/autotune.ts";
import { type Candidates, candidatesOf } from "../self-test/gate.ts";
import type { Context } from "./parts.ts";
import { randomFill } from "./random-fill.ts";
import { fillNow } from "./random-model.ts";
import type { Product } from "./report.ts";
import { asGpu, failedVariants } from "./self-test.ts";
import type { ProductCase } from "./sizes.ts";
import { byteShare, flopShare, timed, withArena } from "./timing.ts";

/** Of the LoRA whose gradients are timed. */
const RANK = 64;

/** Kernels that passed, of both families. A self-test that did not run rules nothing out, and the file says that it did not. */
export function passing({ gpu, found, sizes }: Context): Candidates & { linear: LinearVariant[] } {
  const failed = failedVariants(found.selfTest.results);
  const { tiles, decodes } = candidatesOf(asGpu(gpu.facts), found.selfTest.gates);
  const right = tiles.filter((tile) => !failed.includes(tile) && (sizes.tiles?.includes(tile) ?? true));
  const software: LinearVariant[] = failed.includes("software") ? [] : ["software"];
  return { tiles: right, decodes, linear: [...software, ...right] };
}

interface Operands {
  weight: Weight;
  /** [rows, in] and [rows, out] */
  x: Tensor;
  y: Tensor;
}

/** Random: on zeros a card draws less power, and may run faster than it ever will. */
async function operands(c: Context, arena: Arena, { format, out, in: inSize, rows }: ProductCase): Promise<Operands> {
  const weight: Weight =
    format === "nf4"
      ? {
          ...{ format, out, in: inSize, blockSize: 64, absmaxFormat: "f16" },
          codes: arena.tensor("codes", (out * inSize) / 8),
          absmax: arena.tensor("absmax", Math.ceil((out * inSize) / 128)),
        }
      : { format, out, in: inSize, data: arena.tensor("w", (out * inSize) / 2) };
  const [x, y] = [arena.tensor("x", rows * inSize), arena.tensor("y", rows * out)];
  await fillNow(c.gpu, c.pipelines, (r) => {
    if ("codes" in weight) {
      randomFill(r, weight.codes, { kind: "bits", seed: 1 });
      randomFill(r, weight.absmax, { kind: "f16", seed: 2, scale: 0.01, offset: 0.05 });
    } else randomFill(r, weight.data, { kind: "f16", seed: 1, scale: 0.05 });
    randomFill(r, x, { kind: "f32", seed: 3 });
    randomFill(r, y, { kind: "f32", seed: 4 });
  });
  return { weight, x, y };
}

/** Times every direction of a product into `found.products`. */
export async function measureProduct(c: Context, p: ProductCase): Promise<void> {
  const { linear, tiles, decodes } = passing(c);
  const { out, in: inSize, rows } = p;
  const selection = selectVariants(c.gpu.facts);
  await withArena(c, async (arena) => {
    const { weight, x, y } = await operands(c, arena, p);
    const names = linear.filter(
      (v) => v === "software" || tileFor(v, p.format === "nf4" ? "4bit f16" : p.format) === v,
    );
    const add = async (
      direction: Product["direction"],
      shape: { rows: number; columns: number; depth: number },
      variants: Record<string, Variants>,
      record: (r: Recorder<never>) => void,
      chosen: { selected: string; tuned: string | null } | undefined,
    ): Promise<void> => {
      c.check();
      const runs = await timed(c, arena, Object.values(variants), record);
      const weightBytes = out * inSize * (p.format === "nf4" ? 0.5 + 2 / 64 : 2);
      const measured = Object.keys(variants).map((name, i) => {
        const { time, flops } = runs[i]!;
        const ms = time.median;
        return {
          name,
          time,
          share: direction === "one row" ? byteShare(c.found, weightBytes, ms) : flopShare(c.found, flops, ms),
        };
      });
      const fastest = measured.toSorted((a, b) => a.time.median - b.time.median)[0]!;
      c.found.products.push({
        ...{ model: p.model, name: p.name, format: p.format, direction, ...shape, weightBytes },
        flops: runs[0]!.flops,
        variants: measured,
        fastest: fastest.name,
        selected: chosen?.selected ?? null,
        tuned: chosen?.tuned ?? null,
      });
      const speed = runs[0]!.flops / fastest.time.median / 1e6;
      const part = fastest.share === null ? "" : `, ${(100 * fastest.share).toFixed(0)} % of peak`;
      c.say(`${p.model} ${p.name}, ${direction}: ${fastest.name} ${speed.toPrecision(3)} GFLOP/s${part}`);
    };
    const forced = Object.fromEntries(names.map((v) => [v, forcedVariants(v, "software")]));
    // The tuner tries GPU kernels only, with 4-bit weights; a software adapter has one family and nothing to tune.
    const tunes = p.format === "nf4" && !c.gpu.facts.software && tiles.length > 0;
    const tuned = tunes ? await tunedFor(c, p, { tiles, decodes }, selection) : undefined;
    const shapeOf = (direction: "forward" | "backward") =>
      direction === "forward" ? { direction, columns: out, depth: inSize } : { direction, columns: inSize, depth: out };
    const choice = (direction: "forward" | "backward") => ({
      selected: selection.linear(shapeOf(direction)),
      tuned: tuned?.linear(shapeOf(direction)) ?? null,
    });
    await add(
      "forward",
      { rows, columns: out, depth: inSize },
      forced,
      (r) => linearForward(r, { y, x, weight, rows }),
      choice("forward"),
    );
    await add(
      "dX",
      { rows, columns: inSize, depth: out },
      forced,
      (r) => linearBackwardInput(r, { dx: x, dy: y, weight, rows }),
      choice("backward"),
    );
    const rowVariants = Object.fromEntries(
      (["software", ...decodes] as const).map((d) => [d, forcedVariants("software", "software", d)]),
    );
    await add(
      "one row",
      { rows: 1, columns: out, depth: inSize },
      rowVariants,
      (r) => linearForward(r, { y, x, weight, rows: 1, tile: "decode" }),
      {
        selected: selection.decode(shapeOf("forward")),
        tuned: tuned?.decode(shapeOf("forward")) ?? null,
      },
    );
    if (p.format === "nf4") await loraOf(c, arena, p, { x, y }, add);
    else {
      const dW = arena.tensor("dW", out * inSize);
      await add(
        "weight gradient",
        { rows: out, columns: inSize, depth: rows },
        { "one kernel": softwareVariants },
        (r) => linearWeightGradient(r, { dW, dy: y, x, out, in: inSize, accumulate: 0, rows }),
        undefined,
      );
    }
  });
}

async function tunedFor(
  c: Context,
  { out, in: inSize, rows }: ProductCase,
  candidates: Candidates,
  otherwise: Variants,
): Promise<Variants> {
  const shapes = [
    { direction: "forward", columns: out, depth: inSize } as const,
    { direction: "backward", columns: inSize, depth: out } as const,
  ];
  return tunedVariants(await autotune(c.gpu, c.pipelines, shapes, candidates, rows), otherwise);
}

type Add = (
  direction: Product["direction"],
  shape: { rows: number; columns: number; depth: number },
  variants: Record<string, Variants>,
  record: (r: Recorder<never>) => void,
  chosen: undefined,
) => Promise<void>;

/** The gradients of a LoRA pair on this weight: the only weight gradients of a run on a frozen base. */
async function loraOf(
  c: Context,
  arena: Arena,
  p: ProductCase,
  { x, y }: Pick<Operands, "x" | "y">,
  add: Add,
): Promise<void> {
  const { out, in: inSize, rows } = p;
  const [a, b, dA, dB] = [RANK * inSize, out * RANK, RANK * inSize, out * RANK].map((n) => arena.tensor("LoRA", n));
  const [xa, t] = [arena.tensor("xa", rows * RANK), arena.tensor("t", rows * RANK)];
  await fillNow(c.gpu, c.pipelines, (r) => {
    for (const tensor of [a!, b!, xa, t]) randomFill(r, tensor, { kind: "f32", seed: 9, scale: 0.1 });
  });
  const weights = { rank: RANK, scale: 0.25, groupStarts: [0], a: a!, b: b! };
  await add(
    "LoRA gradients",
    { rows: RANK, columns: inSize + out, depth: rows },
    { "one kernel": softwareVariants },
    (r) => loraGradients(r, { dA: dA!, dB: dB!, x, dy: y, xa, t, weights, accumulate: 0, rows }),
    undefined,
  );
}
