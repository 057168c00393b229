/** What the browser's processes hold as a run goes on (Linux), and what is left in the heaps of the page and its engine after a collection. */
import type { CDPSession, Page } from "@playwright/test";
import { browserProcesses } from "../../bench/browser-processes.ts";
import { allocatedBytes } from "./allocated.ts";
import { lookAtTraining } from "./run.ts";
import type { Sample } from "./trend.ts";

/**
 * By what it is of: "renderer" (the page with its workers), "renderer, own", "renderer, allocated" and so on, "heap of the page", "heap of
 * the engine".
 */
export type Memory = Record<string, Sample[]>;

/** Steps from one look into the heaps to the next: a collection takes a tenth of a second of the engine's time. */
const HEAP_STEPS = 20;
const LOOK_MS = 500;

/** Bytes by kind of process: what it holds, and what of that nobody else has. */
export async function processBytes(): Promise<Record<string, number>> {
  const bytes: Record<string, number> = {};
  for (const { kind, residentBytes, ownBytes } of await browserProcesses()) {
    if (!["browser", "renderer", "gpu-process", "utility"].includes(kind)) continue;
    bytes[kind] = (bytes[kind] ?? 0) + residentBytes;
    bytes[`${kind}, own`] = (bytes[`${kind}, own`] ?? 0) + ownBytes;
  }
  return bytes;
}

/** Watches until `end` is called. Every step gives one sample at most. */
export function watchMemory(page: Page): { end(): Promise<Memory> } {
  const memory: Memory = {};
  let ended = false;
  let last = -1;
  let nextHeaps = HEAP_STEPS;
  const add = (step: number, values: Record<string, number>): void => {
    for (const [name, value] of Object.entries(values)) memory[name] = [...(memory[name] ?? []), { step, value }];
  };
  const look = async (): Promise<void> => {
    while (!ended) {
      const { step } = await lookAtTraining(page);
      if (step > last) {
        last = step;
        add(step, await processBytes());
        if (step >= nextHeaps) {
          nextHeaps = step + HEAP_STEPS;
          add(step, await heaps(page));
          const allocated = await allocatedBytes(page.context().browser()!);
          add(step, Object.fromEntries(Object.entries(allocated).map(([kind, n]) => [`${kind}, allocated`, n])));
        }
      }
      await page.waitForTimeout(LOOK_MS);
    }
  };
  const looking = look();
  return {
    async end() {
      ended = true;
      await looking;
      return memory;
    },
  };
}

interface HeapUsage {
  usedSize: number;
  embedderHeapUsedSize: number;
  backingStorageSize: number;
}

const sumOf = ({ usedSize, embedderHeapUsedSize, backingStorageSize }: HeapUsage): number =>
  usedSize + embedderHeapUsedSize + backingStorageSize;

/**
 * Objects, DOM and buffers that are still reached. `performance.measureUserAgentSpecificMemory` would say it too; a headless Chromium
 * has not got it, so the debugger is asked, of the page and of its engine's worker.
 */
async function heaps(page: Page): Promise<Record<string, number>> {
  const session = await page.context().newCDPSession(page);
  try {
    const engine = await engineOf(session);
    const found: Record<string, number> = {};
    await session.send("HeapProfiler.collectGarbage");
    found["heap of the page"] = sumOf(await session.send("Runtime.getHeapUsage"));
    await engine("HeapProfiler.collectGarbage");
    found["heap of the engine"] = sumOf((await engine("Runtime.getHeapUsage")) as HeapUsage);
    return found;
  } finally {
    await session.detach();
  }
}

/** What the debugger of the engine's worker is asked; messages to a worker travel through its page's. */
async function engineOf(session: CDPSession): Promise<(method: string) => Promise<unknown>> {
  const attached = new Promise<string>((resolve) => {
    session.on("Target.attachedToTarget", ({ sessionId, targetInfo }) => {
      if (targetInfo.url.includes("engine.worker")) resolve(sessionId);
    });
  });
  await session.send("Target.setAutoAttach", { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  const sessionId = await attached;
  let id = 0;
  return (method) =>
    new Promise((resolve, reject) => {
      const own = ++id;
      const listen = (event: { sessionId: string; message: string }): void => {
        const message = JSON.parse(event.message) as { id?: number; result?: unknown; error?: { message: string } };
        if (event.sessionId !== sessionId || message.id !== own) return;
        session.off("Target.receivedMessageFromTarget", listen);
        if (message.error) reject(new Error(`${method}: ${message.error.message}`));
        else resolve(message.result);
      };
      session.on("Target.receivedMessageFromTarget", listen);
      const message = JSON.stringify({ id: own, method, params: {} });
      session.send("Target.sendMessageToTarget", { sessionId, message }).catch(reject);
    });
}
