/** Adapter facts + shape -> kernel. Pure, so that the choice for a GPU can be tested without one. */
import type { AdapterFacts } from "../gpu/device.ts";
import {
  type DecodeVariant,
  type GpuTileName,
  type LinearShape,
  type LinearVariant,
  softwareVariants,
  type Variants,
} from "../gpu/variants.ts";
import { gpuTiles, tileFigures } from "./linear/tiles.ts";

/** Facts that a choice depends on. */
export type SelectionFacts = Pick<
  AdapterFacts,
  "vendor" | "software" | "features" | "maxComputeWorkgroupStorageSize" | "maxComputeInvocationsPerWorkgroup"
>;

/** Tokens of a picture and its text in LLaVA-1.5, up to the next tile: what the number of workgroups is judged by. */
const TYPICAL_ROWS = 704;
/** Fewer workgroups than this leave cores of a larger GPU idle; a smaller tile gives more of them. */
const ENOUGH_WORKGROUPS = 128;
/**
 * 32-bit registers that a thread can hold without spilling. Intel's threads share 4 KiB of them, and Adreno and Mali halve the threads
 * in flight beyond 64 (their vendors' tuning guides); others have 128 and more.
 */
const REGISTERS: Record<string, number> = { intel: 112, qualcomm: 112, arm: 112, "img-tec": 112 };
const DEFAULT_REGISTERS = 160;

/** Largest first. "128x64 deep" (half the barriers, twice the memory) is for the tuner: no rule here can tell when it pays. */
const candidates = ["128x128", "128x64", "64x64", "32x32"] as const satisfies GpuTileName[];

/** Tiles that the adapter's limits, registers and features allow, largest first. */
export const fittingTiles = (facts: SelectionFacts): GpuTileName[] =>
  (Object.keys(gpuTiles) as GpuTileName[])
    .filter((name) => {
      const { workgroupBytes, threads, registers } = tileFigures(gpuTiles[name]);
      return (
        (!gpuTiles[name].halfWeights || facts.features.includes("shader-f16")) &&
        workgroupBytes <= facts.maxComputeWorkgroupStorageSize &&
        threads <= facts.maxComputeInvocationsPerWorkgroup &&
        registers <= (REGISTERS[facts.vendor] ?? DEFAULT_REGISTERS)
      );
    })
    .sort((a, b) => gpuTiles[b].rows * gpuTiles[b].columns - gpuTiles[a].rows * gpuTiles[a].columns);

/** One-row kernels of GPUs; the first needs no feature. */
export const fittingDecodes = (facts: SelectionFacts): Exclude<DecodeVariant, "software">[] =>
  facts.features.includes("subgroups") ? ["workgroup", "subgroup"] : ["workgroup"];

/** The largest tile that fits and still gives every core something to do. */
function gpuTile(fitting: GpuTileName[], { columns }: LinearShape): LinearVariant {
  const fit = candidates.filter((name) => fitting.includes(name));
  const workgroups = (name: GpuTileName): number =>
    Math.ceil(TYPICAL_ROWS / gpuTiles[name].rows) * Math.ceil(columns / gpuTiles[name].columns);
  return fit.find((name) => workgroups(name) >= ENOUGH_WORKGROUPS) ?? fit.at(-1) ?? "software";
}

/** The kernels for an adapter: those of the software family or of the GPU family. */
export function selectVariants(facts: SelectionFacts): Variants {
  if (facts.software) return softwareVariants;
  const fitting = fittingTiles(facts);
  return { linear: (shape) => gpuTile(fitting, shape), decode: () => "workgroup", attention: "gpu" };
}

/** One family for every shape, whatever the adapter: for tests, the bench and the self-test. */
export const forcedVariants = (
  linear: LinearVariant,
  attention: Variants["attention"],
  decode: DecodeVariant = "software",
): Variants => ({
  linear: () => linear,
  decode: () => decode,
  attention,
});
