/** What lies beside the page, and the model that it names. */

import { TabTuneError } from "../../workers/errors.ts";
import { hubAddress } from "../../workers/hub/address.ts";
import { vlmDoors } from "../../workers/vlm/client.ts";
import { DEMO_FILE, type DemoFile, parseDemo } from "../../workers/vlm/demo-file.ts";
import type { FileGiven, LoadProgress, ModelGiven, Vlm, VlmCost } from "../../workers/vlm/protocol.ts";
import { say } from "./words.ts";

const { vlmCost, loadVlm } = vlmDoors(
  () => new Worker(new URL("../../workers/vlm.worker.ts", import.meta.url), { type: "module" }),
);

/** A file beside the page. Throws TabTuneError "missing-file". */
export async function beside(path: string): Promise<Blob> {
  const response = await fetch(new URL(path, document.baseURI)).catch((cause: unknown) => {
    throw missing(path, cause);
  });
  if (!response.ok) throw missing(path);
  return response.blob();
}

const missing = (path: string, cause?: unknown): TabTuneError =>
  new TabTuneError("missing-file", say.missing(path), say.missingRemedy, "", { cause });

/** Files under the names that they have in their folder. */
const folderOf = (paths: string[]): Promise<FileGiven[]> =>
  Promise.all(paths.map(async (path) => ({ path: path.split("/").at(-1)!, blob: await beside(path) })));

export async function readDemo(): Promise<DemoFile> {
  return parseDemo(JSON.parse(await (await beside(DEMO_FILE)).text()));
}

/** The hub that the base model comes from, and the model's page there; undefined where it lies beside this page. */
export function hubOf({ base }: DemoFile): { name: string; hub: string; card: string } | undefined {
  if ("files" in base) return undefined;
  const hub = hubAddress(base.endpoint);
  return { name: base.name, hub, card: `${hub}/${base.name}` };
}

async function modelOf({ base, loading }: DemoFile, token: string): Promise<ModelGiven> {
  if ("files" in base) return { model: await folderOf(base.files), loading };
  return { model: `${base.name}@${base.revision}`, endpoint: base.endpoint, token, loading };
}

/** What a visit costs; undefined where the model lies beside the page. */
export async function costOf(demo: DemoFile, token: string): Promise<VlmCost | undefined> {
  return "files" in demo.base ? undefined : vlmCost(await modelOf(demo, token));
}

export async function open(
  demo: DemoFile,
  token: string,
  onProgress: (progress: LoadProgress) => void,
  signal: AbortSignal,
): Promise<Vlm> {
  const [given, adapter] = await Promise.all([modelOf(demo, token), folderOf(demo.adapter)]);
  return loadVlm({ ...given, adapter, modelId: demo.model_id, onProgress, signal });
}
