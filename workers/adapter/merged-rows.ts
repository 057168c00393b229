/** Where an adapter's changes go in a checkpoint, and what becomes of its rows: W + scale * B A. */
import { TabTuneError } from "../errors.ts";
import { type NameScheme, resolveName } from "../models/names.ts";
import type { Checkpoint } from "../weights/hub/model-files.ts";
import type { ImportedModule } from "./peft-import.ts";

/** Name of the tensor that a module's product is added to. */
export const tensorOf = (
  checkpoint: Checkpoint,
  { module, inFeatures, outFeatures }: ImportedModule,
  names: NameScheme,
): string => placeOf(checkpoint, names, `${module}.weight`, [outFeatures, inFeatures]);

/** Name of the tensor of the checkpoint that a neutral one of this shape is. */
export function placeOf(
  { tensors, label }: Checkpoint,
  names: NameScheme,
  neutral: string,
  wanted: readonly number[],
): string {
  const name = resolveName(neutral, names, (n) => tensors.has(n));
  const { shape, dtype } = (name && tensors.get(name)) || {};
  if (!name || !shape || shape.length !== wanted.length || shape.some((size, i) => size !== wanted[i])) {
    const why = name ? `a tensor [${shape}] where the adapter has [${wanted}]` : "no such tensor";
    throw new TabTuneError(
      "bad-adapter",
      `The adapter changes ${neutral.replace(/\.weight$/, "")}, and ${label} has ${why}.`,
      "Give the model that the adapter was trained on.",
    );
  }
  if (dtype !== "F32" && dtype !== "F16" && dtype !== "BF16") {
    throw new TabTuneError(
      "bad-tensor",
      `${name} holds ${dtype} values, to which nothing can be added.`,
      "Give the original model rather than a quantised copy of it.",
    );
  }
  return name;
}

/** Adds scale * B A to rows [firstRow, firstRow + rows) of W, in place, and returns them. */
export function addDelta(
  values: Float32Array,
  { loraA, loraB, rank, inFeatures, scale }: ImportedModule,
  firstRow: number,
  rows: number,
): Float32Array {
  const sum = new Float64Array(inFeatures);
  for (let row = 0; row < rows; row++) {
    sum.fill(0);
    for (let k = 0; k < rank; k++) {
      const b = loraB[(firstRow + row) * rank + k]!;
      const from = k * inFeatures;
      for (let column = 0; column < inFeatures; column++) sum[column]! += b * loraA[from + column]!;
    }
    const at = row * inFeatures;
    for (let column = 0; column < inFeatures; column++) values[at + column]! += scale * sum[column]!;
  }
  return values;
}
