/** The libraries that we are held against, loaded when they are wanted. Their adapters are the one that ours is: the fast one. */

/** onnxruntime-web runs on our own device: this entry is the one that honours it. */
export async function loadOrt() {
  const ort = await import("onnxruntime-web/webgpu");
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  return ort;
}

export async function loadJax() {
  const jax = await import("@jax-js/jax");
  const devices = await jax.init("webgpu");
  if (!devices.includes("webgpu")) throw new Error("jax-js finds no WebGPU");
  jax.defaultDevice("webgpu");
  return jax;
}

export async function loadTf() {
  const tf = await import("@tensorflow/tfjs-core");
  await import("@tensorflow/tfjs-core/dist/register_all_gradients");
  const { WebGPUBackend } = await import("@tensorflow/tfjs-backend-webgpu");
  if (!(await tf.setBackend("webgpu"))) throw new Error("tfjs finds no WebGPU");
  await tf.ready();
  const backend = tf.backend();
  if (!(backend instanceof WebGPUBackend)) throw new Error(`tfjs runs on ${tf.getBackend()}`);
  /** tfjs gathers dispatches: sends what is left, and waits for the GPU. */
  const done = async (): Promise<void> => {
    backend.endComputePassEncoder();
    backend.ensureCommandEncoderReady();
    backend.submitQueue();
    await backend.device.queue.onSubmittedWorkDone();
  };
  return { tf, done };
}

export type Jax = Awaited<ReturnType<typeof loadJax>>;
export type JaxArray = InstanceType<Jax["Array"]>;

/** Computes the arrays and lets go of them, without reading them back. */
export async function jaxDone(jax: Jax, arrays: JaxArray[]): Promise<void> {
  await Promise.all(arrays.map((a) => a.gpuBuffer()));
  await jax.getWebGPUDevice().queue.onSubmittedWorkDone();
}
