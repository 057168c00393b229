/**
 * A demo page of a run, as the files of a static site: the chat alone (built with this site, scripts/demo-page.ts), the adapter, what to load
 * and to show, and a service worker that knows them all by their hashes.
 */
import { TabTuneError } from "../../workers/errors.ts";
import type { FileFacts, Version } from "../../workers/protocol/shell.ts";
import { cardOf, DEMO_FILE, type DemoFile } from "../../workers/vlm/demo-file.ts";
import { words } from "../words/index.ts";

export interface Example {
  question: string;
  pictures: File[];
}

/** Where the visitor's base model comes from: beside the page, or from a hub at one commit. */
export type DemoBase = "beside" | { name: string; revision: string; endpoint: string };

export interface DemoRequest {
  title: string;
  base: DemoBase;
  modelId: string;
  loading: Record<string, unknown>;
  /** As "Download adapter" gives it. */
  adapterZip: Blob;
  examples: readonly Example[];
  licences: string[];
  /** Reads a file of this site, by its path. */
  ownFile(path: string): Promise<Blob>;
}

export type DemoFiles = Map<string, Blob>;

export const MOST_EXAMPLES = 6;
/** Of a picture: every visitor fetches it. */
export const MOST_PICTURE_BYTES = 4e6;

const WORKER = "sw.js";
const CARD = "README.md";

/** Throws TabTuneErrors "bad-argument" for what cannot be shown, and "missing-file" where this site lacks the page's parts. */
export async function demoFiles(request: DemoRequest): Promise<DemoFiles> {
  const { title, base, modelId, loading, adapterZip, examples, licences, ownFile } = request;
  refuseTooMuch(title, examples);
  const files: DemoFiles = new Map();
  const page = JSON.parse(await (await ownFile("demo-page/files.json")).text()) as string[];
  for (const path of page) files.set(path, await ownFile(`demo-page/${path}`));

  const { unzipSync } = await import("fflate");
  const adapter: string[] = [];
  for (const [name, bytes] of Object.entries(unzipSync(new Uint8Array(await adapterZip.arrayBuffer())))) {
    const path = `adapter/${name}`;
    files.set(path, new Blob([bytes as Uint8Array<ArrayBuffer>]));
    if (name !== CARD) adapter.push(path);
  }
  const shown = examples.map(({ question, pictures }, n) => ({
    question: question.trim(),
    pictures: pictures.map((picture, k) => {
      const path = `examples/${n + 1}-${k + 1}.${endingOf(picture)}`;
      files.set(path, picture);
      return path;
    }),
  }));
  const inside = base === "beside" ? await addDemoModel(files, ownFile) : undefined;
  const demo: DemoFile = {
    schema: 1,
    title: title.trim(),
    base: base === "beside" ? { files: inside! } : base,
    model_id: modelId,
    loading,
    adapter,
    examples: shown,
    licences: licences.map((text) => text.trim()).filter((text) => text !== ""),
  };
  files.set(DEMO_FILE, new Blob([`${JSON.stringify(demo, null, 2)}\n`]));
  const code = await files.get(WORKER)!.text();
  // The page does not need it: a card may be changed afterwards.
  files.set(WORKER, new Blob([`const PAGE_VERSION = ${JSON.stringify(await versionOf(files))};\n${code}`]));
  files.set(CARD, new Blob([cardOf(demo)]));
  return files;
}

function refuseTooMuch(title: string, examples: readonly Example[]): void {
  const say = words().demo.errors;
  if (title.trim() === "") throw refused(say.noTitle);
  if (examples.length > MOST_EXAMPLES) throw refused(say.tooMany(examples.length, MOST_EXAMPLES));
  const large = examples.flatMap(({ pictures }) => pictures).find(({ size }) => size > MOST_PICTURE_BYTES);
  if (large) throw refused(say.tooLarge(large.name, Math.round(large.size / 1e5) / 10, MOST_PICTURE_BYTES / 1e6));
}

const refused = (message: string): TabTuneError =>
  new TabTuneError("bad-argument", message, words().demo.errors.change, words().demo.errors.safe);

/** The ending of a picture's name, as hosts tell its kind by. */
const endingOf = ({ name, type }: File): string =>
  (/\.(\w{1,5})$/.exec(name)?.[1] ?? type.split("/")[1] ?? "png").toLowerCase().replace(/\W.*/, "");

async function addDemoModel(files: DemoFiles, ownFile: DemoRequest["ownFile"]): Promise<string[]> {
  const { model } = JSON.parse(await (await ownFile("demo/files.json")).text()) as { model: { name: string }[] };
  const paths: string[] = [];
  for (const { name } of model) {
    const path = `model/${name}`;
    files.set(path, await ownFile(`demo/model/${name}`));
    paths.push(path);
  }
  return paths;
}

async function factsOf(blob: Blob): Promise<FileFacts> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
  const hash = Array.from(digest.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hash, blob.size];
}

/** All that a visit needs is kept by the first: the page, the adapter, examples, and the model where it lies beside them. */
async function versionOf(files: DemoFiles): Promise<Version> {
  const shell: Record<string, FileFacts> = {};
  for (const path of [...files.keys()].filter((name) => name !== WORKER).sort()) {
    shell[encodeURI(path)] = await factsOf(files.get(path)!);
  }
  const [name] = await factsOf(new Blob([JSON.stringify(shell)]));
  return { name, shell, onFetch: {} };
}

/** The folder as one zip. */
export async function zipOf(files: DemoFiles): Promise<Blob> {
  const { zipped } = await import("../../workers/storage/zip.ts");
  return zipped(
    [...files].map(([path, data]) => ({ path, data })),
    words().demo.errors.change,
  );
}

/** Reads a file of this site. Throws TabTuneError "missing-file". */
export async function ownFile(path: string): Promise<Blob> {
  const say = words().demo.errors;
  const missing = (cause?: unknown): TabTuneError =>
    new TabTuneError("missing-file", say.missing(path), say.reload, say.safe, { cause });
  const response = await fetch(new URL(path, document.baseURI)).catch((cause: unknown) => {
    throw missing(cause);
  });
  // A development server has a page for every address.
  if (!response.ok || (response.headers.get("content-type")?.includes("html") && !path.endsWith(".html")))
    throw missing();
  return response.blob();
}
