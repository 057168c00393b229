/**
 * The frozen tower as an ONNX graph over the checkpoint's own weights: pixels [tiles, 3, S, S] -> features [tiles, P, C]
 * (what parts/tower.ts leaves in `features`). transformers: models/clip/modeling_clip.py, models/siglip/modeling_siglip.py. Matrices that the model
 * has in 4 bits go through onnxruntime's MatMulBnb4, whose bytes are bitsandbytes' and so ours.
 */

import type { FourBitBlocks, FourBitType } from "../../weights/nf4/nf4.ts";
import { patchesPerTile, type TowerConfig, tokensPerTile, towerRowsPerTile } from "../config.ts";
import { rowsOf } from "../fill-weights.ts";
import { TOWER, towerLayer } from "../names.ts";
import { encodeOnnx, type OnnxNode, type OnnxTensor } from "./onnx.ts";

/** Reads a tensor of the checkpoint by its neutral name, as f32. */
export type ReadTensor = (neutral: string) => Promise<Float32Array>;

/** A matrix [out, in] in 4 bits, as our own kernels have it. */
export interface FourBitMatrix extends FourBitBlocks {
  type: FourBitType;
  blockSize: number;
}

/** The 4-bit form of a matrix of `elements` values; undefined where the model keeps it dense. */
export type ReadFourBit = (neutral: string, elements: number) => Promise<FourBitMatrix | undefined>;

/** [rows, columns] -> [columns, rows]: ONNX MatMul wants [in, out]. */
function transpose(data: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(data.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = data[r * columns + c]!;
  return out;
}

export async function towerGraph(
  config: TowerConfig,
  read: ReadTensor,
  readFourBit: ReadFourBit = async () => undefined,
): Promise<Uint8Array> {
  const { hiddenSize: c, intermediateSize, numHeads: heads, patchSize: side, imageSize } = config;
  const headSize = c / heads;
  const patches = patchesPerTile(config);
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  let count = 0;

  const add = (op: string, inputs: string[], attributes?: OnnxNode["attributes"]): string => {
    const name = `${op.toLowerCase()}_${count++}`;
    nodes.push({ op, inputs, outputs: [name], ...(attributes ? { attributes } : {}) });
    return name;
  };
  const constant = (dims: number[], data: OnnxTensor["data"]): string => {
    const name = `weight_${initializers.length}`;
    initializers.push({ name, dims, data });
    return name;
  };
  const shape = (...dims: number[]): string => constant([dims.length], BigInt64Array.from(dims, BigInt));
  const vector = async (neutral: string): Promise<string> => {
    const data = await read(neutral);
    return constant([data.length], data);
  };
  const matMul = async (x: string, neutral: string, inSize: number, out: number): Promise<string> => {
    const blocks = await readFourBit(neutral, inSize * out);
    if (!blocks) return add("MatMul", [x, constant([inSize, out], transpose(await read(neutral), out, inSize))]);
    const { codes, absmax, blockSize, type } = blocks;
    const name = `matmulbnb4_${count++}`;
    nodes.push({
      op: "MatMulBnb4",
      domain: "com.microsoft",
      inputs: [x, constant([codes.length], codes), constant([absmax.length], absmax)],
      outputs: [name],
      // quant_type as onnxruntime numbers it (docs/ContribOperators.md).
      attributes: { K: inSize, N: out, block_size: blockSize, quant_type: type === "fp4" ? 0 : 1 },
    });
    return name;
  };
  const linear = async (x: string, base: string, inSize: number, out: number): Promise<string> => {
    const product = await matMul(x, `${base}.weight`, inSize, out);
    return add("Add", [product, await vector(`${base}.bias`)]);
  };
  const norm = async (x: string, base: string): Promise<string> =>
    add("LayerNormalization", [x, await vector(`${base}.weight`), await vector(`${base}.bias`)], {
      axis: -1,
      epsilon: { float: config.layerNormEps },
    });
  const toHeads = (x: string, perm: number[]): string =>
    add("Transpose", [add("Reshape", [x, shape(0, 0, heads, headSize)])], { perm });

  const kernel = constant([c, 3, side, side], await read(`${TOWER}.embeddings.patch_embedding.weight`));
  const convBias = config.patchBias ? [await vector(`${TOWER}.embeddings.patch_embedding.bias`)] : [];
  const conv = add("Conv", ["pixels", kernel, ...convBias], { kernel_shape: [side, side], strides: [side, side] });
  const embedded = add("Transpose", [add("Reshape", [conv, shape(0, c, patches)])], { perm: [0, 2, 1] });
  const tokens = config.classToken === "none" ? embedded : await behindClass(embedded);
  const table = await read(`${TOWER}.embeddings.position_embedding.weight`);
  const positions = constant([1, tokensPerTile(config), c], rowsOf(table, config.positionRows));
  let x = add("Add", [tokens, positions]);
  if (config.preNorm) x = await norm(x, `${TOWER}.pre_layrnorm`);

  const scale = constant([1], Float32Array.of(1 / Math.sqrt(headSize)));
  for (let n = 0; n < config.layersUsed; n++) {
    const base = towerLayer(n);
    const normed1 = await norm(x, `${base}.layer_norm1`);
    const q = add("Mul", [await linear(normed1, `${base}.self_attn.q_proj`, c, c), scale]);
    const k = await linear(normed1, `${base}.self_attn.k_proj`, c, c);
    const v = await linear(normed1, `${base}.self_attn.v_proj`, c, c);
    const scores = add("MatMul", [toHeads(q, [0, 2, 1, 3]), toHeads(k, [0, 2, 3, 1])]);
    const mixed = add("MatMul", [add("Softmax", [scores], { axis: -1 }), toHeads(v, [0, 2, 1, 3])]);
    const out = add("Reshape", [add("Transpose", [mixed], { perm: [0, 2, 1, 3] }), shape(0, 0, c)]);
    x = add("Add", [x, await linear(out, `${base}.self_attn.out_proj`, c, c)]);
    const normed2 = await norm(x, `${base}.layer_norm2`);
    const hidden = await linear(normed2, `${base}.mlp.fc1`, c, intermediateSize);
    x = add("Add", [x, await linear(activate(hidden), `${base}.mlp.fc2`, intermediateSize, c)]);
  }
  if (config.postNorm) x = await norm(x, `${TOWER}.post_layernorm`);
  const isDropped = config.classToken === "dropped";
  const last = isDropped ? add("Slice", [x, shape(1), shape(tokensPerTile(config)), shape(1)]) : x;
  nodes.push({ op: "Identity", inputs: [last], outputs: ["features"] });

  /** One class token per tile: zeros of the batch's length times the embedding, so that the batch stays free. */
  async function behindClass(patchRows: string): Promise<string> {
    const first = add("Slice", [patchRows, shape(0), shape(1), shape(1)]);
    const zero = add("Mul", [first, constant([1], Float32Array.of(0))]);
    const classToken = add("Add", [zero, constant([1, 1, c], await read(`${TOWER}.embeddings.class_embedding`))]);
    return add("Concat", [classToken, patchRows], { axis: 1 });
  }

  function activate(h: string): string {
    if (config.activation === "quick_gelu") {
      return add("Mul", [h, add("Sigmoid", [add("Mul", [h, constant([1], Float32Array.of(1.702))])])]);
    }
    const half = add("Mul", [h, constant([1], Float32Array.of(0.5))]);
    const one = constant([1], Float32Array.of(1));
    if (config.activation === "gelu") {
      const erf = add("Erf", [add("Mul", [h, constant([1], Float32Array.of(Math.SQRT1_2))])]);
      return add("Mul", [half, add("Add", [erf, one])]);
    }
    const cube = add("Mul", [add("Mul", [h, h]), h]);
    const inner = add("Add", [h, add("Mul", [cube, constant([1], Float32Array.of(0.044715))])]);
    const tanh = add("Tanh", [add("Mul", [inner, constant([1], Float32Array.of(Math.sqrt(2 / Math.PI)))])]);
    return add("Mul", [half, add("Add", [tanh, one])]);
  }

  return encodeOnnx({
    name: "tower",
    nodes,
    initializers,
    inputs: [{ name: "pixels", dims: ["tiles", 3, imageSize, imageSize] }],
    outputs: [{ name: "features", dims: ["tiles", towerRowsPerTile(config), c] }],
  });
}
