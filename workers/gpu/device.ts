/**
 * The WebGPU device: asked for with the adapter's own limits, watched for loss and for errors nobody scoped.
 * A lost device returns zeros without raising anything, so `alive()` is checked before any result is published.
 */
import { TabTuneError } from "../errors.ts";
import { SubmitQueue } from "./submits.ts";

export interface AdapterFacts {
  vendor: string;
  architecture: string;
  description: string;
  /** A CPU implementation such as SwiftShader or llvmpipe: it runs the software family of kernels. */
  software: boolean;
  features: string[];
  maxBufferSize: number;
  maxStorageBufferBindingSize: number;
  maxComputeWorkgroupStorageSize: number;
  maxComputeInvocationsPerWorkgroup: number;
}

export class Gpu {
  readonly device: GPUDevice;
  readonly facts: AdapterFacts;
  readonly submits: SubmitQueue;
  /** Settles when the device is gone; the reason is in the error. Never rejects. */
  readonly lost: Promise<TabTuneError>;
  #failure: TabTuneError | undefined;
  /** What the GPU said when it refused something, as long as nobody knows of which kernel. */
  #refusal: string | undefined;

  constructor(device: GPUDevice, facts: AdapterFacts) {
    this.device = device;
    this.facts = facts;
    this.submits = new SubmitQueue(device);
    this.lost = device.lost.then((info) => {
      this.#failure ??= new TabTuneError(
        "device-lost",
        `The GPU device was lost (${info.reason}${info.message ? `: ${info.message}` : ""}).`,
        "Press Resume run; if it keeps happening, close other tabs that use the GPU.",
        "Everything up to the last checkpoint is saved.",
      );
      return this.#failure;
    });
    device.addEventListener("uncapturederror", (event) => {
      if (this.#failure) return;
      this.#refusal = event.error.message;
      this.#failure = refused("an operation", event.error.message);
    });
  }

  /** Where the GPU has refused something, asks `find` for the kernel that it was, and says so from now on. */
  async nameRefusal(find: () => Promise<string | undefined>): Promise<void> {
    const refusal = this.#refusal;
    if (refusal === undefined) return;
    this.#refusal = undefined;
    const kernel = await find();
    if (kernel !== undefined) this.#failure = refused(`the kernel "${kernel}"`, refusal);
  }

  /** Throws the reason when the device was lost or an unscoped GPU error was raised. */
  alive(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Why the device is gone, if it is: the loss may be told a moment after the call that it broke. */
  lossWithin(milliseconds: number): Promise<TabTuneError | undefined> {
    return Promise.race([
      this.lost,
      new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), milliseconds)),
    ]);
  }

  destroy(): void {
    this.device.destroy();
  }
}

const refused = (what: string, message: string): TabTuneError =>
  new TabTuneError(
    "gpu-error",
    `The GPU refused ${what}: ${message}`,
    "Reload the page and resume from the last checkpoint; please report this text.",
    "Everything up to the last checkpoint is saved.",
  );

/** What optional kernels need (kernels/select.ts). */
const USED_FEATURES = ["shader-f16", "subgroups"] as const satisfies GPUFeatureName[];

/**
 * Opens a device with every limit and feature the adapter offers that matters to us.
 * `gpu` is `navigator.gpu`, or Dawn's in Node; `also` are features that are taken where they are offered.
 * Throws TabTuneError "no-webgpu" when there is no adapter.
 */
export async function openGpu(gpu: GPU | undefined, also: GPUFeatureName[] = []): Promise<Gpu> {
  const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) {
    throw new TabTuneError(
      "no-webgpu",
      gpu ? "WebGPU is here, but the browser offers no GPU adapter." : "This browser has no WebGPU.",
      "Open the page in a current Chrome or Edge on a computer, with hardware acceleration switched on.",
    );
  }
  const { limits, info } = adapter;
  const requiredLimits = {
    maxBufferSize: limits.maxBufferSize,
    maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
    maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
    maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
    maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
  };
  const requiredFeatures = [...USED_FEATURES, ...also].filter((name) => adapter.features.has(name));
  const device = await adapter.requestDevice({ requiredLimits, requiredFeatures });
  const text = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`.toLowerCase();
  return new Gpu(device, {
    vendor: info.vendor,
    architecture: info.architecture,
    description: info.description || info.device,
    software: /swiftshader|llvmpipe|lavapipe|basic render/.test(text),
    features: [...adapter.features].sort(),
    maxBufferSize: limits.maxBufferSize,
    maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
    maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
    maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
  });
}
