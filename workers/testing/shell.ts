/** For tests: a command as a shell would call it, and small checkpoints with something changed. */
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { vi } from "vitest";
import { main } from "../headless.ts";
import { sharedGpu } from "./device.ts";

export const fixtures = fileURLToPath(new URL("./goldens/", import.meta.url));

export interface Told {
  code: number;
  /** Lines of stdout and stderr. */
  out: string[];
  err: string[];
}

/** Runs a command in this process and catches what it prints. */
export async function shell(...args: string[]): Promise<Told> {
  if (args.includes("--model")) await sharedGpu();
  const caught = { out: "", err: "" };
  const catching = (stream: NodeJS.WriteStream, key: "out" | "err") =>
    vi.spyOn(stream, "write").mockImplementation((text) => {
      caught[key] += String(text);
      return true;
    });
  const spies = [catching(process.stdout, "out"), catching(process.stderr, "err")];
  const lines = (text: string): string[] => text.split("\n").filter(Boolean);
  try {
    const code = await main(args);
    return { code, out: lines(caught.out), err: lines(caught.err) };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** The error object on the last line of stderr. */
export const errorOf = ({ err }: Told): { code: string; message: string; remedy: string } => JSON.parse(err.at(-1)!);

type Facts = { dtype: string; shape: number[]; data_offsets: [number, number] };

/** One tensor of a safetensors file: its header entry and a view of its bytes. */
export type Tensors = Map<string, { facts: Facts; bytes: Uint8Array }>;

/** Copies the checkpoint own-tiny to `to`, with its tensors and JSON files changed. Returns `to`. */
export function changedModel(
  to: string,
  changes: { tensors?: (tensors: Tensors) => void; json?: Record<string, (json: Record<string, unknown>) => void> },
): string {
  fs.cpSync(path.join(fixtures, "own-tiny/model"), to, { recursive: true });
  for (const [name, change] of Object.entries(changes.json ?? {})) {
    const file = path.join(to, name);
    const json = JSON.parse(fs.readFileSync(file, "utf8"));
    change(json);
    fs.writeFileSync(file, JSON.stringify(json));
  }
  if (changes.tensors) {
    const file = path.join(to, "model.safetensors");
    const tensors = readTensors(fs.readFileSync(file));
    changes.tensors(tensors);
    fs.writeFileSync(file, writeTensors(tensors));
  }
  return to;
}

function readTensors(file: Buffer): Tensors {
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, 8 + length).toString("utf8")) as Record<string, Facts>;
  const entries = Object.entries(header).filter(([name]) => name !== "__metadata__");
  return new Map(
    entries.map(([name, facts]) => {
      const [from, end] = facts.data_offsets.map((at) => 8 + length + at) as [number, number];
      return [name, { facts, bytes: new Uint8Array(file.subarray(from, end)) }];
    }),
  );
}

function writeTensors(tensors: Tensors): Buffer {
  let at = 0;
  const header = Object.fromEntries(
    [...tensors].map(([name, { facts, bytes }]) => {
      const from = at;
      at += bytes.length;
      return [name, { ...facts, data_offsets: [from, at] }];
    }),
  );
  const text = JSON.stringify(header);
  const head = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(head.length));
  return Buffer.concat([length, head, ...[...tensors.values()].map(({ bytes }) => bytes)]);
}
