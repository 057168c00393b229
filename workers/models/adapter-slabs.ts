/** PEFT modules <-> the slabs on the GPU: initialise, load, read back. */
import { TabTuneError } from "../errors.ts";
import { readBack, type Tensor, write } from "../gpu/buffers.ts";
import { MOMENT_BLOCK } from "../kernels/optimizer/adamw-8bit.ts";
import { elementsOf } from "../weights/formats/dtype.ts";
import { dynamicMap, unsignedDynamicMap } from "../weights/nf4/tables.ts";
import { type Adapter, type LoraModule, moduleMatrices } from "./adapter.ts";
import type { Vlm } from "./vlm.ts";

/** A module of the adapter, or the gradients or moments of one. */
export interface ModuleMatrices {
  /** Neutral name. */
  module: string;
  /** [rank, inFeatures] */
  loraA: Float32Array;
  /** [outFeatures, rank] */
  loraB: Float32Array;
  rank: number;
  inFeatures: number;
  outFeatures: number;
}

/** A tensor that is trained in full (PEFT: modules_to_save), or its gradient. */
export interface TrainedValues {
  /** Neutral name: "multi_modal_projector.linear_1.weight". */
  name: string;
  shape: number[];
  values: Float32Array;
}

/**
 * The slabs of an adapter with these values. `matricesOf` gives A [r, in] and B [out, r] of a module, `valuesOf` a tensor that is trained
 * in full. Throws TabTuneError "bad-adapter" where they do not have its shapes.
 */
export function filledSlabs(
  adapter: Adapter,
  matricesOf: (m: LoraModule) => { loraA: Float32Array; loraB: Float32Array },
  valuesOf: (name: string) => Float32Array | undefined = () => undefined,
): Float32Array[] {
  const slabs = adapter.params.map(({ length }) => new Float32Array(length));
  for (const m of adapter.modules) {
    const { loraA, loraB } = matricesOf(m);
    const { rank } = adapter.settings;
    if (loraA.length !== rank * m.inFeatures || loraB.length !== rank * m.outFeatures) {
      throw new TabTuneError(
        "bad-adapter",
        `The matrices of "${m.module}" do not have the shapes [${rank}, ${m.inFeatures}] and [${m.outFeatures}, ${rank}].`,
        "Use an adapter that was made for this model, with the rank of the recipe.",
      );
    }
    slabs[m.slab]!.set(loraA, m.aStart);
    slabs[m.slab]!.set(loraB, m.bStart);
  }
  for (const { name, slab, start, shape } of adapter.trained) {
    const values = valuesOf(name);
    if (values?.length !== elementsOf(shape)) {
      throw new TabTuneError(
        "bad-adapter",
        `"${name}" has ${values?.length ?? 0} values where the model has [${shape}].`,
        "Use an adapter that was made for this model.",
      );
    }
    slabs[slab]!.set(values, start);
  }
  return slabs;
}

/** Fills the adapter on the GPU. Values and errors as of `filledSlabs`. */
export function writeAdapter(model: Vlm, adapter: Adapter, ...values: Tail<Parameters<typeof filledSlabs>>): void {
  filledSlabs(adapter, ...values).forEach((slab, n) => {
    write(model.gpu, adapter.params[n]!, slab, model.counters);
  });
}

type Tail<T extends unknown[]> = T extends [unknown, ...infer Rest] ? Rest : never;

/** The modules of a slab set (weights, or gradients of those that learn) as matrices. */
export async function readAdapter(
  model: Vlm,
  adapter: Adapter,
  slabs: Tensor[] = adapter.params,
): Promise<ModuleMatrices[]> {
  return asModules(adapter, await readSlabs(model, slabs));
}

/** The tensors that are trained in full, out of a slab set of the same layout. */
export async function readTrained(
  model: Vlm,
  adapter: Adapter,
  slabs: Tensor[] = adapter.params,
): Promise<TrainedValues[]> {
  if (adapter.trained.length === 0) return [];
  return trainedValues(adapter, await readSlabs(model, slabs));
}

/** As `readTrained`, of slabs that were read back. */
export const trainedValues = ({ trained }: Pick<Adapter, "trained">, slabs: Float32Array[]): TrainedValues[] =>
  trained.map(({ name, slab, start, shape }) => ({
    name,
    shape,
    values: slabs[slab]!.slice(start, start + elementsOf(shape)),
  }));

/** One of Adam's moments, of everything that learns. */
export interface Moments {
  modules: ModuleMatrices[];
  trained: TrainedValues[];
}

/** Both moments in f32, whatever they are stored as. */
export async function readMoments(model: Vlm, adapter: Adapter): Promise<{ first: Moments; second: Moments }> {
  const scales = await readSlabs(model, adapter.momentScales);
  const read = async (slabs: Tensor[], map: Float32Array, which: 0 | 1): Promise<Moments> => {
    const stored = await readSlabs(model, slabs);
    const values = stored.map((slab, n) => (scales[n] ? dequantiseMoments(slab, scales[n], map, which) : slab));
    return { modules: asModules(adapter, values), trained: trainedValues(adapter, values) };
  };
  return {
    first: await read(adapter.firstMoments, dynamicMap, 0),
    second: await read(adapter.secondMoments, unsignedDynamicMap, 1),
  };
}

function dequantiseMoments(codes: Float32Array, scales: Float32Array, map: Float32Array, which: 0 | 1): Float32Array {
  const bytes = new Uint8Array(codes.buffer, codes.byteOffset, codes.byteLength);
  return Float32Array.from(bytes, (code, i) => map[code]! * scales[2 * Math.floor(i / MOMENT_BLOCK) + which]!);
}

/** One slab at a time: the staging copy stays small beside the model. */
async function readSlabs(model: Vlm, slabs: Tensor[]): Promise<Float32Array[]> {
  const data: Float32Array[] = [];
  for (const slab of slabs) data.push((await readBack(model.gpu, [slab]))[0]!);
  return data;
}

function asModules(adapter: Adapter, data: Float32Array[]): ModuleMatrices[] {
  const { rank } = adapter.settings;
  return adapter.modules
    .filter((m) => m.slab < data.length)
    .map((m) => ({
      module: m.module,
      ...moduleMatrices(m, rank, data),
      rank,
      inFeatures: m.inFeatures,
      outFeatures: m.outFeatures,
    }));
}

const slabSets = (adapter: Adapter): [string, Tensor[]][] => [
  ["lora", adapter.params],
  ["exp_avg", adapter.firstMoments],
  ["exp_avg_sq", adapter.secondMoments],
  ["absmax", adapter.momentScales],
];

/** What a checkpoint holds: weights and both moments, slab by slab, read back one at a time. */
export async function* adapterTensors(
  model: Vlm,
  adapter: Adapter,
): AsyncGenerator<{ name: string; data: Uint8Array }> {
  for (const [set, slabs] of slabSets(adapter)) {
    for (const [n, slab] of slabs.entries()) {
      const [values] = await readBack(model.gpu, [slab]);
      yield { name: `${set}/${n}`, data: new Uint8Array(values!.buffer) };
    }
  }
}

/** What a tensor of `adapterTensors` is called that belongs to the weights, and not to the moments. */
export const isWeight = (name: string): boolean => name.startsWith("lora/");

/** The inverse of `adapterTensors`, of those tensors that `isWanted` names. Throws "bad-checkpoint" when the set is not this adapter's. */
export async function restoreAdapter(
  model: Vlm,
  adapter: Adapter,
  tensors: Iterable<{ name: string; data: Uint8Array }> | AsyncIterable<{ name: string; data: Uint8Array }>,
  isWanted: (name: string) => boolean = () => true,
): Promise<void> {
  const places = new Map<string, Tensor>();
  for (const [set, slabs] of slabSets(adapter).filter(([set]) => isWanted(`${set}/`)))
    for (const [n, slab] of slabs.entries()) places.set(`${set}/${n}`, slab);
  for await (const { name, data } of tensors) {
    const place = places.get(name);
    if (!place || data.byteLength !== place.length * 4) {
      throw new TabTuneError(
        "bad-checkpoint",
        `The checkpoint's "${name}" does not fit this model and rank.`,
        "Load the model that the run was started with.",
      );
    }
    write(model.gpu, place, data, model.counters);
    places.delete(name);
  }
  if (places.size > 0) {
    throw new TabTuneError(
      "bad-checkpoint",
      `The checkpoint lacks "${[...places.keys()][0]}".`,
      "Start the run again, or resume an older checkpoint.",
    );
  }
}
