/**
 * Numerics gates: what the tuner may choose beside the plain kernels (deeper and larger tiles, f16 weights, subgroup sums) runs once
 * against them on this adapter. A kernel that differs, or does not compile, is switched off by name; nobody has to do without the plain one.
 */
import { Arena, newCounters, readBack, type Uploads } from "../gpu/buffers.ts";
import type { AdapterFacts, Gpu } from "../gpu/device.ts";
import { randomArray } from "../gpu/numbers.ts";
import { type PipelineCache, Recorder } from "../gpu/program.ts";
import type { DecodeVariant, GpuTileName, Variants } from "../gpu/variants.ts";
import { linearBackwardInput, linearForward } from "../kernels/linear/linear.ts";
import { gpuTiles } from "../kernels/linear/tiles.ts";
import type { Weight } from "../kernels/linear/weight.ts";
import { fittingDecodes, fittingTiles, forcedVariants } from "../kernels/select.ts";
import { roundToF16 } from "../weights/formats/dtype.ts";
import { fourBit, halves, type Output, type RecordCase, type SelfTestCase } from "./cases/case.ts";
import { fourBitDecode, halfDecode } from "./cases/decode.ts";
import { linearVariantsOf } from "./cases/index.ts";
import type { SelfTestResult } from "./report.ts";
import { runCases } from "./run-cases.ts";

/** What the tuner may choose from. */
export interface Candidates {
  tiles: GpuTileName[];
  decodes: Exclude<DecodeVariant, "software">[];
}

interface Gate {
  /** Its name in the report. */
  name: string;
  variants: Variants;
  /** The same products by the optional kernel and by the plain one; `expected` is not read. */
  optional: RecordCase;
  plain: RecordCase;
}

const tileGate = (tile: GpuTileName): string => `linear in tiles of ${tile}`;
const decodeGate = (decode: DecodeVariant): string => `linear of one row by ${decode}`;

/** Everything that fits this adapter, without what its gate has switched off. */
export const candidatesOf = (facts: AdapterFacts, gates: SelfTestResult[]): Candidates => {
  const isOn = (name: string): boolean => gates.every((g) => g.op !== name || g.passed);
  return {
    tiles: fittingTiles(facts).filter((tile) => isOn(tileGate(tile))),
    decodes: fittingDecodes(facts).filter((decode) => isOn(decodeGate(decode))),
  };
};

/** Gates of all that fits the adapter and that `plain` does not choose itself: the self-test has tried that. */
function gatesOf(plain: Variants, facts: AdapterFacts): Gate[] {
  const chosen = linearVariantsOf(plain);
  const tiles = fittingTiles(facts).filter((tile) => !chosen.includes(tile));
  const decodes = fittingDecodes(facts).filter((decode) => decode !== plain.decode({ columns: 2048, depth: 2048 }));
  return [...tiles.map(gateOfTile), ...decodes.map(gateOfDecode)];
}

/** What is known before they ran. */
export const closedGates = (plain: Variants, facts: AdapterFacts): SelfTestResult[] =>
  gatesOf(plain, facts).map(({ name }) => {
    const note = "its test did not end";
    return { op: name, output: "test", error: null, passed: false, kernels: [], note };
  });

/** A result for each output of each optional kernel. Throws only when the device is lost. */
export async function runGates(
  gpu: Gpu,
  pipelines: PipelineCache,
  plain: Variants,
  facts: AdapterFacts = gpu.facts,
): Promise<SelfTestResult[]> {
  const arena = new Arena(gpu, newCounters());
  const byPlain = async (record: RecordCase): Promise<Float32Array[]> => {
    const recorder = new Recorder<never>(plain);
    const tensors = record(recorder, arena).map((o) => o.tensor);
    await (await recorder.build(arena, pipelines)).run({}, { flopsPerSecond: 1e9 });
    return readBack(gpu, tensors);
  };
  try {
    const cases = gatesOf(plain, facts).map(
      (gate): SelfTestCase => ({
        op: gate.name,
        variants: gate.variants,
        record: gate.optional,
        expected: () => byPlain(gate.plain),
      }),
    );
    return await runCases(gpu, pipelines, cases);
  } finally {
    arena.dispose();
  }
}

function gateOfTile(tile: GpuTileName): Gate {
  const rounds = gpuTiles[tile].halfWeights !== undefined;
  return {
    name: tileGate(tile),
    variants: forcedVariants(tile, "gpu", "workgroup"),
    optional: (r, arena) => products(r, arena, false),
    plain: (r, arena) => products(r, arena, rounds),
  };
}

function gateOfDecode(decode: DecodeVariant): Gate {
  const record: RecordCase = (r, arena) => [...fourBitDecode(r, arena), ...halfDecode(r, arena)];
  return {
    name: decodeGate(decode),
    variants: forcedVariants("32x32", "gpu", decode),
    optional: record,
    plain: record,
  };
}

/** Sizes of activations and gradients: common ones, beyond the range of f16, and below it. */
const SCALES = [1, 1e6, 1e-9];

/**
 * Both directions over an odd shape, with LoRA in three groups, of a 4-bit weight and an f16 one. `rounded`: the 4-bit weight's values as
 * f16 has them, to nearest, in an f32 weight: then a tile of f16 weights has no other excuse than the order of its sums.
 */
function products(r: Recorder<never>, arena: Uploads, rounded: boolean): Output[] {
  const [rows, out, inSize, rank, groupStarts] = [133, 140, 72, 5, [0, 20, 28]];
  const { weight: codes, values } = fourBit(arena, out, inSize);
  const first: Weight = rounded
    ? { format: "f32", out, in: inSize, data: arena.upload("rounded", roundToF16(values)) }
    : codes;
  const half: Weight = { format: "f16", out, in: inSize, data: arena.upload("f16", halves(out * inSize, 1).words) };
  const [a, b] = [randomArray(groupStarts.length * rank * inSize, 3), randomArray(out * rank, 4)];
  const weights = { rank, scale: 0.25, groupStarts, a: arena.upload("a", a), b: arena.upload("b", b) };
  const width = groupStarts.length * rank;
  const [xa, t] = [arena.tensor("xa", rows * width), arena.tensor("t", rows * width)];
  return SCALES.flatMap((scale) => {
    const x = arena.upload("x", randomArray(rows * inSize, 5, scale));
    const dy = arena.upload("dy", randomArray(rows * out, 6, scale));
    return [first, half].flatMap((weight, n) => {
      const [y, dx] = [arena.tensor("y", rows * out), arena.tensor("dx", rows * inSize)];
      const lora = n === 0;
      linearForward(r, { y, x, weight, rows, ...(lora ? { lora: { weights, xa } } : {}) });
      linearBackwardInput(r, { dx, dy, weight, rows, ...(lora ? { lora: { weights, t } } : {}) });
      const of = `of ${lora ? "4-bit" : "f16"} weights at ${scale}`;
      return [
        { name: `y ${of}`, tensor: y, expected: [] },
        { name: `dx ${of}`, tensor: dx, expected: [] },
      ];
    });
  });
}
