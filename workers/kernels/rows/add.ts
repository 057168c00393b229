/** Residual addition. Its backward is the identity: dX is dY itself, added where the branch joins by this same kernel. */
import type { Tensor } from "../../gpu/buffers.ts";
import type { Kernel, Recorder, Size } from "../../gpu/program.ts";
import { linearGrid } from "../elementwise.ts";
import code from "./add.wgsl?raw";

const add: Kernel = { name: "add", code, access: ["read", "read_write"] };

/** y += x over `count` floats. `x` and `y` lie in different buffers. */
export function addForward(recorder: Recorder, { y, x, count }: { y: Tensor; x: Tensor; count: Size }): void {
  recorder.dispatch({ kernel: add, tensors: [x, y], params: [count], workgroups: linearGrid(count), flops: count });
}
