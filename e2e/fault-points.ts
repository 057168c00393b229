/**
 * Faults without a hook in the product: a worker's script is served with a few lines before it, which spoil what the browser gives
 * it (`spoil`), or ask the test before each write to IndexedDB (`faultPoints`).
 */
import type { BrowserContext, Page } from "@playwright/test";

const ASK = "/fault-point";

/** Runs `code` in the engine's or the data reader's worker before its own script. Must be called before the page is opened. */
export async function spoil(context: BrowserContext, worker: "engine" | "dataset", code: string): Promise<void> {
  await context.route(new RegExp(`/assets/${worker}\\.worker-[^/]*\\.js$`), async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: code + (await response.text()) });
  });
}

/** A GPU on which recipes soon are too large: no buffer may be bound of more than 2 MiB. Must be called before the page is opened. */
export const withSmallGpu = (context: BrowserContext): Promise<void> =>
  spoil(
    context,
    "engine",
    `Object.defineProperty(GPUSupportedLimits.prototype, "maxStorageBufferBindingSize", { get: () => ${2 << 20} });\n`,
  );

/** A GPU whose device a test can take away or misuse in the middle of a step. */
export interface FragileGpu {
  /** The device is lost behind the next submit. */
  lose(): Promise<void>;
  /** The next dispatch has more workgroups than any GPU takes, and every later one of its kernel on this device. */
  misuse(): Promise<void>;
  /** One of LoRA's matrices holds values that are no numbers from now on. */
  poison(): Promise<void>;
}

const fragile = `
const requestDevice = GPUAdapter.prototype.requestDevice;
GPUAdapter.prototype.requestDevice = async function (...args) {
  self.lastDevice = await requestDevice.apply(this, args);
  return self.lastDevice;
};
let wanted = "";
let misused;
let lora;
new BroadcastChannel("fault").onmessage = ({ data }) => {
  if (data === "poison") self.lastDevice.queue.writeBuffer(lora, 0, new Float32Array(64).fill(NaN));
  else wanted = data;
};
const { createBuffer } = GPUDevice.prototype;
GPUDevice.prototype.createBuffer = function (descriptor) {
  const buffer = createBuffer.call(this, descriptor);
  if (buffer.label.startsWith("LoRA weights/")) lora = buffer;
  return buffer;
};
const { submit } = GPUQueue.prototype;
GPUQueue.prototype.submit = function (...args) {
  submit.apply(this, args);
  if (wanted !== "lose") return;
  wanted = "";
  self.lastDevice.destroy();
};
const { setPipeline, dispatchWorkgroups } = GPUComputePassEncoder.prototype;
GPUComputePassEncoder.prototype.setPipeline = function (pipeline) {
  this.kernel = pipeline;
  return setPipeline.call(this, pipeline);
};
GPUComputePassEncoder.prototype.dispatchWorkgroups = function (...groups) {
  if (wanted === "misuse") {
    wanted = "";
    misused = this.kernel;
  }
  return dispatchWorkgroups.apply(this, this.kernel === misused ? [1 << 24] : groups);
};
`;

/** Must be called before the page is opened. */
export async function fragileGpu(context: BrowserContext, page: Page): Promise<FragileGpu> {
  await spoil(context, "engine", fragile);
  const tell = (word: string): Promise<void> =>
    page.evaluate((data) => {
      const channel = new BroadcastChannel("fault");
      channel.postMessage(data);
      channel.close();
    }, word);
  return { lose: () => tell("lose"), misuse: () => tell("misuse"), poison: () => tell("poison") };
}

/** As `spoil`, for the workers that the data reader starts for its pictures: their requests do not pass the test. */
export async function spoilPictures(context: BrowserContext, code: string): Promise<void> {
  await spoil(
    context,
    "dataset",
    `const script = (text) => URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
     const spoiled = script(${JSON.stringify(code)});
     self.Worker = class extends Worker {
       constructor(url, options) {
         super(script("import " + JSON.stringify(spoiled) + "; import " + JSON.stringify(String(url))), options);
       }
     };\n`,
  );
}

/** The GPU's process dies, and with it every GPU device of the browser. */
export async function crashGpu(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send("Browser.crashGpuProcess");
  await session.detach();
}

/** SIGKILL of the browser's own process: nobody is asked, nothing is flushed. */
export async function killBrowser(context: BrowserContext): Promise<void> {
  const session = await context.browser()!.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  const closed = new Promise((resolve) => context.once("close", resolve));
  process.kill(processInfo.find(({ type }) => type === "browser")!.id, "SIGKILL");
  await closed;
}

/** Says how much disk the browser lends to the site; undefined: as much as there is. The word of a session ends with it. */
export async function quotaOf(page: Page): Promise<(bytes?: number) => Promise<void>> {
  const session = await page.context().newCDPSession(page);
  return async (bytes) => {
    const origin = new URL(page.url()).origin;
    await session.send("Storage.overrideQuotaForOrigin", {
      origin,
      ...(bytes === undefined ? {} : { quotaSize: bytes }),
    });
  };
}

/** Kills the engine worker from outside, as a crash does: no event tells the page. */
export async function killableEngine(page: Page): Promise<() => Promise<void>> {
  await page.addInitScript(() => {
    const engines: Worker[] = [];
    Object.assign(window, { engines });
    window.Worker = class extends Worker {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options);
        if (String(url).includes("engine")) engines.push(this);
      }
    };
  });
  return () => page.evaluate(() => (window as unknown as { engines: Worker[] }).engines.at(-1)!.terminate());
}

const asking = `
for (const name of ["put", "delete"]) {
  const original = IDBObjectStore.prototype[name];
  IDBObjectStore.prototype[name] = function (...args) {
    const key = String(args[name === "put" ? 1 : 0]);
    if (key.startsWith("run/")) {
      const request = new XMLHttpRequest();
      request.open("GET", "${ASK}?" + name + "=" + encodeURIComponent(key), false);
      request.send();
    }
    return original.apply(this, args);
  };
}
`;

/** A RegExp, or whatever else knows whether a write is the one. */
type Pattern = Pick<RegExp, "test">;

export interface FaultPoints {
  /** Freezes the worker before the next write that matches ("put run/…/manifest"); resolves with it when that has happened. */
  holdAt(write: Pattern): Promise<string>;
  /** Each write takes so much longer from now on, as on a slow disk. */
  slowBy(milliseconds: number): void;
  /** All that was written, as "put run/…/latest". */
  writes: string[];
}

/** An answer that does not come freezes the worker exactly there, until the test reloads the page or kills the browser. */
export async function faultPoints(context: BrowserContext): Promise<FaultPoints> {
  let armed: { write: Pattern; reached(write: string): void } | undefined;
  let delay = 0;
  const writes: string[] = [];
  await spoil(context, "engine", asking);
  await context.route(
    (url) => url.pathname === ASK,
    async (route) => {
      const [[op, key]] = [...new URL(route.request().url()).searchParams] as [[string, string]];
      const write = `${op} ${key}`;
      if (armed?.write.test(write)) {
        armed.reached(write);
        armed = undefined;
        return; // never answered
      }
      writes.push(write);
      if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
      await route.fulfill({ body: "" });
    },
  );
  return {
    writes,
    slowBy: (milliseconds) => {
      delay = milliseconds;
    },
    holdAt: (write) =>
      new Promise((reached) => {
        armed = { write, reached };
      }),
  };
}
