/**
 * One device for all that a test file opens: kernels, models, commands, engines. Of a kernel that a device has compiled, Dawn gives the same
 * pipeline again, and on a software GPU compiling takes most of a small test's time. Tests only.
 */
import { type Gpu, openGpu } from "../gpu/device.ts";
import { nodeGpu } from "../gpu/node.ts";

let shared: Promise<GPU> | undefined;

/** WebGPU in Node, from now on for all of this process: who asks for a device as somebody did before gets that one, unless it was destroyed. */
export function sharedGpu(): Promise<GPU> {
  shared ??= nodeGpu().then(withOneDevice);
  return shared;
}

let gpu: Promise<Gpu> | undefined;

/** One device a test file. */
export function testGpu(): Promise<Gpu> {
  gpu ??= sharedGpu().then(openGpu);
  return gpu;
}

let apart = false;

/** A device that no other test gets, for what a device does not get over. Nobody else may ask for one at the same time. */
export async function ownGpu(): Promise<Gpu> {
  const api = await sharedGpu();
  apart = true;
  try {
    return await openGpu(api);
  } finally {
    apart = false;
  }
}

function withOneDevice(api: GPU): GPU {
  const devices = new Map<string, Promise<GPUDevice>>();
  const requestAdapter = api.requestAdapter.bind(api);
  api.requestAdapter = async (options) => {
    const adapter = await requestAdapter(options);
    if (!adapter) return adapter;
    const requestDevice = adapter.requestDevice.bind(adapter);
    adapter.requestDevice = (descriptor) => {
      if (apart) return requestDevice(descriptor);
      const asked = JSON.stringify(descriptor);
      const device = devices.get(asked) ?? requestDevice(descriptor).then((made) => kept(made, asked));
      devices.set(asked, device);
      return device;
    };
    return adapter;
  };

  function kept(device: GPUDevice, asked: string): GPUDevice {
    const forget = (): void => void devices.delete(asked);
    const destroy = device.destroy.bind(device);
    device.destroy = () => {
      forget();
      return destroy();
    };
    void device.lost.then(forget);
    // Dawn forgets a pipeline that nobody holds.
    const pipelines: GPUComputePipeline[] = [];
    const create = device.createComputePipelineAsync.bind(device);
    device.createComputePipelineAsync = async (descriptor) => {
      const pipeline = await create(descriptor);
      pipelines.push(pipeline);
      return pipeline;
    };
    return device;
  }
  return api;
}
