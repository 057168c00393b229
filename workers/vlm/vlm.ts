/** The worker's side of `loadVlm`: one GPU, one model, at most one adapter, one answer at a time. No training, no runs, no data sets. */
import { type AdapterFiles, adapterIn } from "../adapter/adapter-files.ts";
import { moduleSizes, otherBase } from "../adapter/module-sizes.ts";
import { importPeft } from "../adapter/peft-import.ts";
import { placedAdapter } from "../adapter/placed.ts";
import { promptOf } from "../chat/prompt.ts";
import { type RoomyChat, roomyChat } from "../chat/roomy-chat.ts";
import { takesSystem, withSystem } from "../chat/system.ts";
import { tilesOf } from "../data/example.ts";
import type { PreparedImage } from "../data/pictures/format.ts";
import { prepareImage } from "../data/pictures/prepare-image.ts";
import type { RowPreparation } from "../data/prepare-example.ts";
import { hubFiles, stoppable, withTransfer } from "../engine/model-files.ts";
import { CACHE_DIRECTORY } from "../engine/storage-names.ts";
import { TabTuneError } from "../errors.ts";
import { Arena } from "../gpu/buffers.ts";
import { type Gpu, openGpu } from "../gpu/device.ts";
import { HUB } from "../hub/address.ts";
import { allocateAdapter } from "../models/adapter.ts";
import { writeAdapter } from "../models/adapter-slabs.ts";
import { costOfLoading } from "../models/load.ts";
import { type LoadedModel, loadModel, openModel } from "../models/open.ts";
import { preparationOf } from "../models/preparation.ts";
import { parseRecipe } from "../recipe.ts";
import type { FileCache } from "../storage/file-cache.ts";
import { openOpfsCache } from "../storage/opfs.ts";
import { filesFromBlobs, type ModelFiles } from "../weights/hub/source.ts";
import type { Answer, FileGiven, LoadProgress, ModelGiven, Question, VlmCost, VlmGiven, VlmInfo } from "./protocol.ts";
import { conversationOf } from "./question.ts";
import type { VlmApi } from "./worker-api.ts";

interface Standing {
  gpu: Gpu;
  model: LoadedModel;
  preparation: RowPreparation;
  chat: RoomyChat;
  info: VlmInfo;
}

/** What the worker takes from where it runs: tests give their own. */
export interface VlmSurroundings {
  gpu(): Promise<Gpu>;
  cache(): Promise<FileCache>;
}

const browser: VlmSurroundings = {
  gpu: () => openGpu(navigator.gpu),
  cache: () => openOpfsCache(CACHE_DIRECTORY),
};

const MOST_TOKENS = 256;

export function createVlm(around: VlmSurroundings = browser): VlmApi {
  let standing: Standing | undefined;
  let loading: AbortController | undefined;
  let speaking: { stopped: boolean; done: Promise<unknown> } | undefined;

  return {
    async cost(given) {
      const files = await filesFrom(given, await around.cache(), new AbortController().signal);
      return costOf(files, given, await around.cache());
    },

    async load(given, onProgress) {
      if (standing || loading) {
        throw new TabTuneError(
          "bad-argument",
          "A model is there already.",
          "Dispose of it, and load the other one anew.",
        );
      }
      loading = new AbortController();
      try {
        standing = await stand(given, around, loading.signal, onProgress);
        return standing.info;
      } finally {
        loading = undefined;
      }
    },

    async answer(question, onText) {
      const before = speaking;
      const mine: NonNullable<typeof speaking> = { stopped: false, done: Promise.resolve() };
      speaking = mine;
      const work = async (): Promise<Answer> => {
        if (before) {
          before.stopped = true;
          // Its failure was told to who asked for it.
          await before.done.catch(() => undefined);
        }
        if (!standing) throw new TabTuneError("bad-argument", "No model is loaded.", "Load one first.");
        return write(standing, question, mine, onText);
      };
      const answer = work();
      mine.done = answer;
      return answer;
    },

    async stop() {
      loading?.abort();
      if (speaking) speaking.stopped = true;
    },
  };
}

/** Where the model's bytes are. */
async function filesFrom(
  { model, endpoint = HUB, token = "" }: ModelGiven,
  cache: FileCache,
  signal: AbortSignal,
  onBytes?: (bytes: number) => void,
): Promise<ModelFiles & { licence?: string }> {
  if (typeof model !== "string") return filesFromBlobs(model);
  return hubFiles({ kind: "hub", name: model, endpoint, token }, cache, { signal, ...(onBytes ? { onBytes } : {}) });
}

async function costOf(
  files: ModelFiles & { licence?: string },
  { model, loading = {} }: ModelGiven,
  cache: FileCache,
): Promise<VlmCost> {
  const { toRead, prepared, gpuBytes } = await costOfLoading(await openModel(files, parseRecipe(loading)), cache);
  const fetchBytes = typeof model === "string" ? toRead : 0;
  return {
    label: files.label,
    licence: files.licence ?? "",
    fetchBytes,
    diskBytes: prepared,
    gpuBytes,
  };
}

/** Model and adapter on the GPU. What fails leaves nothing there: the device goes. */
async function stand(
  given: VlmGiven,
  around: VlmSurroundings,
  signal: AbortSignal,
  onProgress: (progress: LoadProgress) => void,
): Promise<Standing> {
  const fromHub = typeof given.model === "string";
  // What is wrong with it is told before gigabytes are fetched.
  const adapterFiles = given.adapter && (await adapterAmong(given.adapter));
  const gpu = await around.gpu();
  try {
    onProgress({ phase: fromHub ? "asking" : "reading", fraction: 0, detail: "" });
    const cache = await around.cache();
    const { arrived, report } = withTransfer(onProgress, fromHub);
    const files = await filesFrom(given, cache, signal, arrived);
    const opened = await openModel(files, parseRecipe(given.loading ?? {}));
    if (given.modelId !== undefined && given.modelId !== opened.id) throw otherModel(files.label);
    const model = await loadModel(gpu, opened, cache, stoppable(signal, report));
    const { adapter, note } = await adapterOn(model, adapterFiles);
    const notes = [...model.fileNotes, model.cacheNote, note].filter((words) => words !== "");
    return {
      gpu,
      model,
      preparation: preparationOf(model.preparation),
      chat: roomyChat(model.vlm, adapter),
      info: { id: model.id, label: files.label, notes, adapter: adapter !== undefined },
    };
  } catch (error) {
    gpu.destroy();
    throw error;
  }
}

async function adapterAmong(files: FileGiven[]): Promise<AdapterFiles> {
  const found = await adapterIn(files, "adapter");
  if (found) return found;
  throw new TabTuneError(
    "bad-adapter",
    "The files given hold no PEFT adapter.",
    "Give adapter_model.safetensors and adapter_config.json.",
  );
}

async function adapterOn(model: LoadedModel, found: AdapterFiles | undefined) {
  if (!found) return { adapter: undefined, note: "" };
  const { config, configJson, vlm } = model;
  const imported = await importPeft(found.weights, found.config, config.names, moduleSizes(config));
  const { settings, lora, full } = placedAdapter(imported);
  const adapter = allocateAdapter(new Arena(vlm.gpu, vlm.counters), config, settings, { training: false });
  writeAdapter(vlm, adapter, lora, full);
  return { adapter, note: otherBase(imported.baseModel, model.files.label, configJson) ?? "" };
}

const otherModel = (label: string): TabTuneError =>
  new TabTuneError(
    "bad-adapter",
    `The adapter was trained on another model than ${label} is: sizes, tensors or 4-bit format differ.`,
    "Name the model and the revision that it was trained on.",
  );

/** Writes one answer; `asked.stopped` ends it after the token that is at hand. */
async function write(
  { model, preparation, chat, info }: Standing,
  { messages, images = [], adapter = true, sampling = {} }: Question,
  asked: { stopped: boolean },
  onText: (text: string) => void,
): Promise<Answer> {
  const { maxNewTokens = MOST_TOKENS, temperature = 0, topP = 1, topK = 0, seed = 0 } = sampling;
  const { tokenizer, pictures, template } = preparation;
  const { system, turns } = conversationOf({ messages, images });
  const prepared: PreparedImage[] = [];
  for (const image of images) {
    prepared.push(await prepareImage(new Uint8Array(await image.arrayBuffer()), pictures, images.length > 1));
  }
  const asTrained = adapter && info.adapter;
  const whole = withSystem(turns, system, system !== "" && takesSystem(template));
  const prompt = promptOf(whole, prepared, preparation, { asTrained });
  const room = await chat.withRoom(prompt.inputIds.length, tilesOf(prompt), maxNewTokens);
  const started = performance.now();
  const ids: number[] = [];
  const text = (): string => (ids.length > 0 ? tokenizer.decode(ids).trimStart() : "");
  const answer = (stopped: Answer["stopped"]): Answer => ({
    text: text(),
    ids: [...ids],
    seconds: (performance.now() - started) / 1000,
    stopped,
  });
  if (asked.stopped) return answer("user");
  const { stopped } = await room.generate(prompt, asTrained, {
    ...{ maxNewTokens, temperature, topP, topK, seed, eosIds: model.eosIds },
    onToken(id) {
      ids.push(id);
      const words = text();
      // A character of several byte tokens is held back until it is whole.
      if (!words.endsWith("\uFFFD")) onText(words);
      return asked.stopped;
    },
  });
  return answer(stopped);
}
