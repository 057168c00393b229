/**
 * What the self-test runs: every op of training and chat, forward and backward, on small odd shapes, each beside what plain f64 loops
 * give. Drivers differ in fast maths, fused multiply-add, zeroing of workgroup memory and subgroup sizes, and none can be tried but here.
 */
import type { LinearVariant, Variants } from "../../gpu/variants.ts";
import { forcedVariants } from "../../kernels/select.ts";
import { gelu, rope, ropeIntoCache, swiglu } from "./activations.ts";
import { attention, attentionDecode } from "./attention.ts";
import type { RecordCase, SelfTestCase } from "./case.ts";
import { fourBitDecode, halfDecode } from "./decode.ts";
import { fourBitLinear, halfLinear, loraDropout, weightGradient } from "./linear.ts";
import { argmax, lossAndGradient, sample } from "./loss.ts";
import { headNorm, layerNorm, rmsNorm, rmsNormOfRows } from "./norms.ts";
import { adamw8, normAndAdamW } from "./optimizer.ts";
import { addedFeatures, blends, copies, embedding, gatherAndScatter, halfCopies, patches } from "./rows.ts";

/** Column counts of real models' products: what they are recorded with is what must be tried. */
const REAL_COLUMNS = [8, 64, 192, 512, 1024, 2048, 2560, 4096, 11264, 22016, 32064];

/** The different linear kernels that these variants choose from. */
export function linearVariantsOf(variants: Variants): LinearVariant[] {
  const found = REAL_COLUMNS.flatMap((columns) =>
    (["forward", "backward"] as const).map((direction) => variants.linear({ direction, columns, depth: 2048 })),
  );
  return [...new Set(found)];
}

/** Attention's kernels are made for one head size: the language model's, the vision tower's. */
export interface HeadSizes {
  text: number;
  vision: number;
}

/** All cases for the kernels that `variants` chooses; what the tuner may choose instead has gates (gate.ts). */
export function selfTestCases(variants: Variants, heads: HeadSizes): SelfTestCase[] {
  const linear = linearVariantsOf(variants).flatMap(linearCases);
  const others: [string, RecordCase][] = [
    ["LoRA with dropout", loraDropout],
    ["weight gradient", weightGradient],
    ["4-bit linear of one row", fourBitDecode],
    ["f16 linear of one row", halfDecode],
    ["causal attention", attention(heads.text, true)],
    ["bidirectional attention", attention(heads.vision, false)],
    ["attention of one row", attentionDecode(heads.text)],
    ["RMSNorm", rmsNorm],
    ["RMSNorm of label rows", rmsNormOfRows],
    ["RMSNorm of heads", headNorm],
    ["LayerNorm", layerNorm],
    ["rotary embedding", rope],
    ["rotary embedding into a cache", ropeIntoCache],
    ["SwiGLU", swiglu],
    ["GELU", gelu],
    ["token embedding", embedding],
    ["added features", addedFeatures],
    ["weighted sums of rows", blends],
    ["copies", copies],
    ["row gather and scatter", gatherAndScatter],
    ["f16 copies", halfCopies],
    ["patches", patches],
    ["cross-entropy", lossAndGradient],
    ["argmax", argmax],
    ["sampling", sample],
    ["gradient norm and AdamW", normAndAdamW],
    ["8-bit AdamW", adamw8],
  ];
  return [...linear, ...others.map(([op, record]) => ({ op, variants, record }))];
}

function linearCases(variant: LinearVariant): SelfTestCase[] {
  const variants = forcedVariants(variant, "software");
  return [
    { op: `4-bit linear with LoRA (${variant})`, variants, record: fourBitLinear },
    { op: `f16 linear (${variant})`, variants, record: halfLinear },
  ];
}
