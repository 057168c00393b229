/** The processes of a browser that this process started, as Linux counts them. */
import { readdir, readFile } from "node:fs/promises";

export interface BrowserProcess {
  pid: number;
  /** As Chromium calls it: "renderer" (a page with its workers), "gpu-process", "utility", "browser" and so on. */
  kind: string;
  /** Bytes that it holds, and the most that it ever held. */
  residentBytes: number;
  peakBytes: number;
  /** Bytes of `residentBytes` that no file and no other process has too. */
  ownBytes: number;
  /** Processor time so far. */
  seconds: number;
}

/** Ticks of a second in /proc. */
const TICKS = 100;

/** All processes below this one that still live. Throws where there is no /proc. */
export async function browserProcesses(): Promise<BrowserProcess[]> {
  const children = new Map<number, { pid: number; seconds: number }[]>();
  for (const entry of await readdir("/proc")) {
    const pid = Number(entry);
    const text = Number.isNaN(pid) ? "" : await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    // The name in brackets may hold spaces: the parent's id is the second field behind it, the times are the 12th and 13th.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const parent = Number(fields[1]);
    const seconds = (Number(fields[11]) + Number(fields[12])) / TICKS;
    if (text) children.set(parent, [...(children.get(parent) ?? []), { pid, seconds }]);
  }
  const found: BrowserProcess[] = [];
  const visit = async (pid: number, seconds: number): Promise<void> => {
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
    const bytes = (name: string): number =>
      1024 * Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
    found.push({
      pid,
      kind: /--type=([\w-]+)/.exec(command)?.[1] ?? "browser",
      residentBytes: bytes("VmRSS"),
      peakBytes: bytes("VmHWM"),
      ownBytes: bytes("RssAnon"),
      seconds,
    });
    for (const child of children.get(pid) ?? []) await visit(child.pid, child.seconds);
  };
  for (const child of children.get(process.pid) ?? []) await visit(child.pid, child.seconds);
  return found;
}
