/**
 * The WGSL that the generators of this family write, as files that can be read: `npx vitest -u` writes them anew, and a change of a
 * generator is reviewed by what it does to them.
 */
import { expect, test } from "vitest";
import { Planner } from "../../gpu/buffers.ts";
import { type Kernel, Recorder } from "../../gpu/program.ts";
import { gpuBackwardKernel, gpuForwardKernel } from "./gpu/forward-backward.wgsl.ts";
import { gpuOneRowKernel } from "./gpu/one-row.wgsl.ts";
import { downKernel, gradientKernel } from "./lora.wgsl.ts";
import { softwareBackwardKernel } from "./software/backward.wgsl.ts";
import { softwareForwardKernel } from "./software/forward.wgsl.ts";
import { linearWeightGradient } from "./weight-gradient.ts";

/** NF4 as checkpoints are quantised, with LoRA and the residual stream: what a layer's products are. */
const nf4 = { format: "4bit f16", lora: true, bias: false, residual: true } as const;
/** A dense linear, such as the vision tower's. */
const f16 = { format: "f16", lora: false, bias: true, residual: false } as const;

function weightGradientKernel(): Kernel {
  const [r, planner] = [new Recorder(), new Planner()];
  const [dW, db, dy, x] = [32, 4, 4, 8].map((length) => planner.tensor("any", length));
  linearWeightGradient(r, { dW: dW!, db, dy: dy!, x: x!, out: 4, in: 8, accumulate: 0, rows: 1 });
  return r.specs[0]!.kernel;
}

/** Lines indented by the brackets around them, long sums a chain a line; the generators do not care. */
function indented(code: string): string {
  let depth = 0;
  const short = code.replace(/^.{300,}$/gm, (line) => line.replace(/\)( \+|,) \(/g, ")$1\n("));
  const lines = short.split("\n").flatMap((raw) => {
    const line = raw.trim();
    if (!line) return [];
    const text = line.replace(/\/\/.*/, "");
    const closing = /^[)\]}]+/.exec(text)?.[0].length ?? 0;
    const count = (brackets: RegExp): number => (text.match(brackets) ?? []).length;
    const indent = "  ".repeat(Math.max(0, depth - closing));
    depth += count(/[([{]/g) - count(/[)\]}]/g);
    return [indent + line];
  });
  return `${lines.join("\n")}\n`;
}

test.each([
  ["software-forward-nf4-lora", softwareForwardKernel({ ...nf4, tile: "prefill" })],
  ["software-forward-f16", softwareForwardKernel({ ...f16, tile: "prefill" })],
  ["software-one-row-nf4-lora", softwareForwardKernel({ ...nf4, tile: "decode" })],
  ["software-backward-nf4-lora", softwareBackwardKernel({ format: "4bit f16", lora: true })],
  ["gpu-forward-nf4-lora-64x64", gpuForwardKernel({ ...nf4, tile: "64x64" })],
  ["gpu-backward-nf4-lora-64x64-f16", gpuBackwardKernel({ format: "4bit f16", lora: true, tile: "64x64 f16" })],
  ["gpu-one-row-nf4-lora-workgroup", gpuOneRowKernel({ ...nf4, reduction: "workgroup" })],
  ["lora-t", downKernel],
  ["lora-gradients", gradientKernel],
  ["weight-gradient", weightGradientKernel()],
])("%s.wgsl", async (name, { code }) => {
  await expect(indented(code)).toMatchFileSnapshot(`snapshots/${name}.wgsl`);
});
