/** What a new token of the demo model costs through the chat's own code: counters (exact), and time against token by token. */

import { type ChatSettings, createChat } from "../workers/chat/generate.ts";
import { Arena } from "../workers/gpu/buffers.ts";
import { openGpu } from "../workers/gpu/device.ts";
import { nodeGpu } from "../workers/gpu/node.ts";
import { allocateAdapter } from "../workers/models/adapter.ts";
import { writeAdapter } from "../workers/models/adapter-slabs.ts";
import { initialLora } from "../workers/models/lora-init.ts";
import { loadModel, openModel } from "../workers/models/open.ts";
import { parseRecipe } from "../workers/recipe.ts";
import { filesFromDirectory } from "../workers/weights/hub/fs-files.ts";
import type { PeerResults } from "./results.ts";

const ROUNDS = 3;
/** Of an answer: one from the prompt's last pass, the others decoded. */
const TOKENS = 65;
/** Words of no meaning: what a pass costs does not depend on them. */
const PROMPT = Int32Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 300 + i));
const lora = { rank: 16, alpha: 16, useRslora: false };

/** A software GPU works in this process: its work is what the processor spends, whatever else the machine does meanwhile. */
const processorMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** Of an answer, prompt included, shared among its tokens. */
export interface DecodeResults {
  adapter: string;
  clock: PeerResults["clock"];
  tokens: number;
  tokensPerSecond: number;
  /** The same answer with a submit and a way back for each token. */
  singleTokensPerSecond: number;
  dispatchesPerToken: number;
  submitsPerToken: number;
  bytesReadPerToken: number;
  bytesWrittenPerToken: number;
  buffersCreated: number;
  bindGroupsCreated: number;
}

/** Runs in Node; the fastest of several rounds, in which both ways take turns. */
export async function measureDecode(): Promise<DecodeResults> {
  const gpu = await openGpu(await nodeGpu());
  const opened = await openModel(await filesFromDirectory("public/demo/model"), parseRecipe({}));
  const { vlm, config } = await loadModel(gpu, opened, undefined, () => {});
  const adapter = allocateAdapter(new Arena(gpu, vlm.counters), config, lora, { training: false });
  writeAdapter(vlm, adapter, (m) => initialLora(m.module, lora.rank, m.inFeatures, m.outFeatures, 1));
  const clock = gpu.facts.software ? "processor time" : "wall clock";
  const now = gpu.facts.software ? processorMs : () => performance.now();
  const open = async (changes: Partial<ChatSettings>) => {
    const contextRows = PROMPT.length + TOKENS;
    const chat = await createChat(vlm, adapter, { contextRows, tiles: 1, ...changes });
    const answer = async () => {
      const before = { ...vlm.counters };
      const started = now();
      const { ids } = await chat.generate({ inputIds: PROMPT, images: [], pixels: new Uint8Array(0) }, true, {
        maxNewTokens: TOKENS,
        eosIds: [],
        temperature: 0.7,
        topP: 0.95,
        seed: 1,
      });
      const perSecond = (1000 * ids.length) / (now() - started);
      const after = { ...vlm.counters };
      return { perSecond, calls: (key: keyof typeof before) => after[key] - before[key] };
    };
    // Compiles, and finds the size of a batch.
    await answer();
    return answer;
  };
  const batched = await open({});
  const single = await open({ batchMs: 0 });
  let [tokensPerSecond, singleTokensPerSecond] = [0, 0];
  let last = await batched();
  for (let n = 0; n < ROUNDS; n++) {
    last = await batched();
    tokensPerSecond = Math.max(tokensPerSecond, last.perSecond);
    singleTokensPerSecond = Math.max(singleTokensPerSecond, (await single()).perSecond);
  }
  return {
    adapter: gpu.facts.description,
    clock,
    tokens: TOKENS,
    tokensPerSecond,
    singleTokensPerSecond,
    dispatchesPerToken: last.calls("dispatches") / TOKENS,
    submitsPerToken: last.calls("submits") / TOKENS,
    bytesReadPerToken: last.calls("bytesRead") / TOKENS,
    bytesWrittenPerToken: last.calls("bytesWritten") / TOKENS,
    buffersCreated: last.calls("buffersCreated"),
    bindGroupsCreated: last.calls("bindGroupsCreated"),
  };
}
