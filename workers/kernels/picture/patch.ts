/**
 * Pictures into rows for a vision tower (transformers, models/clip/modeling_clip.py, CLIPVisionEmbeddings; SigLIP's has no class
 * token). Patches are laid out in the order of the Conv2d weight (c, ky, kx), so that the patch convolution is a plain linear with
 * weight [C, 3 ps ps]; a Conv3d's over frames likewise, each of them the one picture. Pixels, class and positions are frozen: only `dropClass` has a backward. A remainder of S / ps is left out, as Conv2d does.
 */
import type { Tensor } from "../../gpu/buffers.ts";
import type { Kernel, Recorder, Size } from "../../gpu/program.ts";
import { linearGrid, product } from "../elementwise.ts";
import dropClassCode from "./drop-class.wgsl?raw";
import dropClassBackwardCode from "./drop-class-backward.wgsl?raw";
import im2colCode from "./im2col.wgsl?raw";
import tokensCode from "./tokens.wgsl?raw";

const im2col: Kernel = { name: "patch-im2col", code: im2colCode, access: ["read", "read_write"] };
const tokens: Kernel = { name: "patch-tokens", code: tokensCode, access: ["read", "read", "read", "read_write"] };
const dropClass: Kernel = { name: "patch-drop-class", code: dropClassCode, access: ["read", "read_write"] };
const dropClassGrad: Kernel = {
  name: "patch-drop-class-backward",
  code: dropClassBackwardCode,
  access: ["read", "read_write"],
};

export interface PatchesForward<K extends string = string> {
  /** [images * P, 3 * frames * patchSize²], P = floor(imageSize / patchSize)²; overwritten. */
  y: Tensor;
  /** f32 [images, 3, imageSize, imageSize], normalised. */
  pixels: Tensor;
  images: Size<K>;
  imageSize: number;
  patchSize: number;
  /** Times that a patch stands behind itself, channel by channel: a Conv3d's frames of a still picture. Default 1. */
  frames?: number;
}

/** im2col of pictures that are already normalised. */
export function patchesForward<K extends string>(recorder: Recorder<K>, e: PatchesForward<K>): void {
  const grid = Math.floor(e.imageSize / e.patchSize);
  const { frames = 1 } = e;
  const count = product(e.images, grid * grid * 3 * frames * e.patchSize * e.patchSize);
  recorder.dispatch({
    kernel: im2col,
    tensors: [e.pixels, e.y],
    params: [count, e.imageSize, e.patchSize, grid, frames],
    workgroups: linearGrid(count),
    flops: count,
  });
}

export interface VisionTokensForward<K extends string = string> {
  /** [images * T, C], overwritten; T is P, and one more with a class token. */
  y: Tensor;
  /** [images * P, C]: patch embeddings. */
  patches: Tensor;
  /** f32[C]; undefined without a class token. */
  classEmbedding: Tensor | undefined;
  /** f32[T, C]. */
  positionEmbedding: Tensor;
  images: Size<K>;
  /** P. */
  patchesPerImage: number;
  /** C. */
  size: number;
}

/** The tower's input rows: the class token first where there is one, then the patches; positions added. */
export function visionTokensForward<K extends string>(recorder: Recorder<K>, e: VisionTokensForward<K>): void {
  const classRows = e.classEmbedding ? 1 : 0;
  const count = product(e.images, (e.patchesPerImage + classRows) * e.size);
  recorder.dispatch({
    kernel: tokens,
    // Without a class token nothing reads the second binding.
    tensors: [e.patches, e.classEmbedding ?? e.positionEmbedding, e.positionEmbedding, e.y],
    params: [count, e.size, e.patchesPerImage, classRows],
    workgroups: linearGrid(count),
    flops: count,
  });
}

interface DropClass<K extends string = string> {
  images: Size<K>;
  /** P. */
  patchesPerImage: number;
  /** C. */
  size: number;
}

/** y [images * P, C] = x [images * (P + 1), C] without the class rows. */
export function dropClassForward<K extends string>(
  recorder: Recorder<K>,
  e: DropClass<K> & { y: Tensor; x: Tensor },
): void {
  const count = product(e.images, e.patchesPerImage * e.size);
  const params = [count, e.size, e.patchesPerImage];
  recorder.dispatch({ kernel: dropClass, tensors: [e.x, e.y], params, workgroups: linearGrid(count), flops: count });
}

/** dx [images * (P + 1), C] from dy [images * P, C]; the class rows, which nothing reads, get zero. Overwrites dx. */
export function dropClassBackward<K extends string>(
  recorder: Recorder<K>,
  e: DropClass<K> & { dx: Tensor; dy: Tensor },
): void {
  const count = product(e.images, (e.patchesPerImage + 1) * e.size);
  const params = [count, e.size, e.patchesPerImage];
  recorder.dispatch({
    kernel: dropClassGrad,
    tensors: [e.dy, e.dx],
    params,
    workgroups: linearGrid(count),
    flops: count,
  });
}
