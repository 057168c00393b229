/** What the browser's processes have allocated, by Chromium's own account (memory-infra). */
import type { Browser, CDPSession } from "@playwright/test";
import { browserProcesses } from "../../bench/browser-processes.ts";

interface TraceEvent {
  ph: string;
  pid: number;
  args?: { dumps?: { allocators?: Record<string, { attrs: Record<string, { value: string }> }> } };
}

/** Allocators of a process that do not count each other's bytes, and what of each is taken: in use where it says so, else what it holds. */
const PARTS = [
  ["malloc/allocated_objects", "size"],
  ["partition_alloc/allocated_objects", "size"],
  ["blink_gc/main/heap", "allocated_objects_size"],
  ["blink_gc/workers", "size"],
  ["v8", "size"],
] as const;
/** The GPU's process reserves by the power of two what it may never write: that says nothing. */
const KINDS = ["browser", "renderer"];

/**
 * Bytes by kind of process, right after a collection of all garbage in its page and workers. Unlike resident bytes these neither rise when a
 * buffer that was reserved long ago is first written, nor count room that a collector keeps.
 */
export async function allocatedBytes(browser: Browser): Promise<Record<string, number>> {
  const session = await browser.newBrowserCDPSession();
  const kinds = new Map((await browserProcesses()).map(({ pid, kind }) => [pid, kind]));
  const bytes: Record<string, number> = {};
  try {
    for (const { ph, pid, args } of await dumpOf(session)) {
      const kind = kinds.get(pid);
      const allocators = ph === "v" ? args?.dumps?.allocators : undefined;
      if (!allocators || kind === undefined || !KINDS.includes(kind)) continue;
      const values = PARTS.map(([name, attribute]) => allocators[name]?.attrs[attribute]?.value ?? "0");
      bytes[kind] = (bytes[kind] ?? 0) + values.reduce((sum, hex) => sum + Number.parseInt(hex, 16), 0);
    }
  } finally {
    await session.detach();
  }
  const silent = KINDS.filter((kind) => !bytes[kind]);
  if (silent.length > 0) throw new Error(`Chromium's account names no bytes of ${silent.join(" and ")}.`);
  return bytes;
}

async function dumpOf(session: CDPSession): Promise<TraceEvent[]> {
  const events: TraceEvent[] = [];
  session.on("Tracing.dataCollected", ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  const complete = new Promise((resolve) => session.once("Tracing.tracingComplete", resolve));
  const includedCategories = ["disabled-by-default-memory-infra"];
  await session.send("Tracing.start", {
    transferMode: "ReportEvents",
    traceConfig: { includedCategories, excludedCategories: ["*"], memoryDumpConfig: {} },
  });
  const { success } = await session.send("Tracing.requestMemoryDump", { deterministic: true, levelOfDetail: "light" });
  await session.send("Tracing.end");
  await complete;
  if (!success) throw new Error("Chromium made no account of its memory.");
  return events;
}
