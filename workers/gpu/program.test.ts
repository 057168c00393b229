import { expect, test } from "vitest";
import { ownGpu } from "../testing/device.ts";
import { testBench } from "../testing/gpu.ts";
import { ceilDiv, type DispatchSpec, f32, type Kernel, Recorder } from "./program.ts";

const scale: Kernel = {
  name: "scale",
  access: ["read", "read_write"],
  code: /* wgsl */ `
    struct Params { n: u32, factor: f32 }
    @group(0) @binding(0) var<uniform> p: Params;
    @group(0) @binding(1) var<storage, read> x: array<f32>;
    @group(0) @binding(2) var<storage, read_write> y: array<f32>;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
      if (id.x < p.n) { y[id.x] = x[id.x] * p.factor; }
    }`,
};

test("a recorded program replays with the dims of each run and creates nothing on the way", async () => {
  const bench = await testBench();
  const x = bench.arena.upload("x", Float32Array.from([1, 2, 3, 4, 5]));
  const y = bench.arena.tensor("y", 5);
  const [first] = await bench.run(
    (r) =>
      r.dispatch({
        kernel: scale,
        tensors: [x, y],
        params: [(d) => d.n, f32((d) => d.factor)],
        workgroups: [(d) => ceilDiv(d.n, 64)],
      }),
    [y],
    { n: 3, factor: 2 },
  );
  expect([...first!]).toEqual([2, 4, 6, 0, 0]);
});

test("a kernel that the GPU refuses is named, and what it was to write is not taken for a result", async () => {
  const bench = await testBench(await ownGpu());
  const x = bench.arena.upload("x", Float32Array.from([1, 2, 3]));
  const y = bench.arena.tensor("y", 3);
  const dispatch = (kernel: Kernel, groups: number): DispatchSpec<"n"> => ({
    kernel,
    tensors: [x, y],
    params: [(d) => d.n, f32(2)],
    workgroups: [groups],
  });
  const recorder = new Recorder<"n">();
  recorder.dispatch(dispatch(scale, 1));
  // More workgroups than any device takes.
  recorder.dispatch(dispatch({ ...scale, name: "too-many" }, 1 << 24));
  const program = await recorder.build(bench.arena, bench.pipelines);
  await expect(program.run({ n: 3 }, { flopsPerSecond: 1e9 })).rejects.toMatchObject({
    code: "gpu-error",
    message: expect.stringMatching(/^The GPU refused the kernel "too-many": /),
    safe: expect.stringMatching(/last checkpoint/),
  });
});
