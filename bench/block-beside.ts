/**
 * The first block of a model's language model, forward and backward with LoRA, over one row of `reference/check_block.py`, which holds
 * what this writes against PyTorch: once with activations kept as they are, once as long rows have them (f16 copies, run forward again).
 *
 *     node scripts/run-gpu.mjs /bench/block-beside.ts DIR
 */
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { Arena, readBack, write } from "../workers/gpu/buffers.ts";
import { openGpu } from "../workers/gpu/device.ts";
import { nodeGpu } from "../workers/gpu/node.ts";
import { Recorder } from "../workers/gpu/program.ts";
import { copyRows } from "../workers/kernels/rows/copy.ts";
import { type ActivationPolicy, allocateActivations, KEEP } from "../workers/models/activations.ts";
import { allocateAdapter } from "../workers/models/adapter.ts";
import { readAdapter, writeAdapter } from "../workers/models/adapter-slabs.ts";
import { decoderLayer } from "../workers/models/names.ts";
import { type LoadedModel, loadModel, openModel } from "../workers/models/open.ts";
import { allocateGradients, layerBackward, layerForward } from "../workers/models/parts/decoder.ts";
import { tokenPositions } from "../workers/models/token-positions.ts";
import { parseRecipe } from "../workers/recipe.ts";
import { toF32 } from "../workers/weights/formats/dtype.ts";
import { readSafetensors, type TensorEntry, writeSafetensors } from "../workers/weights/formats/safetensors.ts";
import { filesFromDirectory } from "../workers/weights/hub/fs-files.ts";

/** As `reference/check_block.py` writes it: ids, its one picture's size and tokens, the adapter's settings and the model's quantisation. */
interface Row {
  ids: number[];
  picture: { height: number; width: number; tokens: number };
  rank: number;
  alpha: number;
  recipe: Record<string, unknown>;
}

const policies: Record<string, ActivationPolicy> = { kept: KEEP, again: { precision: "f16", keptLayers: 0 } };

export async function main([folder = ""]: string[]): Promise<number> {
  const row: Row = JSON.parse(await readFile(path.join(folder, "row.json"), "utf8"));
  const { tensors } = await readSafetensors(new Uint8Array(await readFile(path.join(folder, "row.safetensors"))));
  const valuesOf = (name: string): Float32Array => {
    const { data, dtype } = tensors.get(name)!;
    return toF32(data, dtype);
  };
  const opened = await openModel(await filesFromDirectory(path.join(folder, "model")), parseRecipe(row.recipe));
  const model = await loadModel(await openGpu(await nodeGpu()), opened, undefined, () => {});
  const out: TensorEntry[] = [];
  for (const [name, policy] of Object.entries(policies)) out.push(...(await block(model, row, valuesOf, name, policy)));
  await writeFile(path.join(folder, "block.safetensors"), writeSafetensors(out));
  return 0;
}

/** Output, gradient of the input and of LoRA's matrices, their names beginning with `name`. */
async function block(
  { vlm, pictures }: LoadedModel,
  { ids, picture, rank, alpha }: Row,
  valuesOf: (name: string) => Float32Array,
  name: string,
  policy: ActivationPolicy,
): Promise<TensorEntry[]> {
  const { gpu, counters } = vlm;
  const arena = new Arena(gpu, counters);
  const config = { ...vlm.config, decoder: { ...vlm.config.decoder, numLayers: 1 } };
  const { decoder } = config;
  const rows = ids.length;
  const adapter = allocateAdapter(arena, config, { rank, alpha, useRslora: false }, { training: true });
  const moduleName = (module: string): string => module.slice(decoderLayer(0).length + 1);
  writeAdapter(vlm, adapter, ({ module }) => ({
    loraA: valuesOf(`${moduleName(module)}.lora_A.weight`),
    loraB: valuesOf(`${moduleName(module)}.lora_B.weight`),
  }));
  const { layers, last } = allocateActivations(arena, decoder, { rank, rows, policy, cacheRows: rows });
  const gradients = allocateGradients(arena, decoder, { rank, rows, dropout: false });
  const example = { inputIds: Int32Array.from(ids), images: [{ ...picture, tiles: picture.tokens }] };
  const { positions } = tokenPositions([example], { config, pictures });
  const tokens = {
    starts: arena.upload("starts", new Uint32Array(rows)),
    ends: arena.upload("ends", new Uint32Array(rows).fill(rows)),
    positions: arena.upload("positions", positions),
    ropeTable: vlm.ropeTable,
  };
  const dy = arena.upload("dy", valuesOf("dy"));
  write(gpu, layers[0]!.x, valuesOf("x"));
  const r = new Recorder<never>(vlm.variants);
  const pass = {
    ...{ config: decoder, weights: vlm.weights.layers[0]!, kept: layers[0]! },
    ...{ lora: adapter.layers[0]!, tokens, rows },
  };
  layerForward(r, last, pass);
  const output = arena.tensor("output", rows * decoder.hiddenSize);
  copyRows(r, { y: output, x: last, size: decoder.hiddenSize, rows });
  copyRows(r, { y: gradients.dx, x: dy, size: decoder.hiddenSize, rows });
  layerBackward(r, gradients, { ...pass, accumulate: 0, inputGradient: true, fresh: false });
  await (await r.build(arena, vlm.pipelines)).run({}, vlm.pace);
  const [y, dx] = await readBack(gpu, [output, gradients.dx]);
  const shape = [rows, decoder.hiddenSize];
  const out: TensorEntry[] = [
    { name: `${name}.y`, dtype: "F32", shape, data: y! },
    { name: `${name}.dx`, dtype: "F32", shape, data: dx! },
  ];
  for (const m of await readAdapter(vlm, adapter, adapter.grads)) {
    const of = `${name}.${moduleName(m.module)}`;
    out.push({ name: `${of}.lora_A.weight`, dtype: "F32", shape: [rank, m.inFeatures], data: m.loraA });
    out.push({ name: `${of}.lora_B.weight`, dtype: "F32", shape: [m.outFeatures, rank], data: m.loraB });
  }
  arena.dispose();
  return out;
}
