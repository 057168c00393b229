/**
 * The public face of `loadVlm`, types and nothing else. It imports nothing: as it stands it is the package's declarations too
 * (scripts/package.ts).
 */

/** A file by its path inside of the folder that it belongs to. */
export interface FileGiven {
  path: string;
  blob: Blob;
}

export interface ModelGiven {
  /** "owner/name" or "owner/name@revision" of the hub; or the files of a model's folder, as the hub has them. */
  model: string | FileGiven[];
  /** Address of another hub than huggingface.co. */
  endpoint?: string | undefined;
  /** Access token of the hub, for models that ask for one. It is sent to `endpoint` only. */
  token?: string | undefined;
  /**
   * How it is loaded, in the names of a recipe: `load_in_4bit`, `bnb_4bit_quant_type`, `bnb_4bit_use_double_quant`, `quantize_modules`,
   * `chat_template`, `max_image_tiles`, `do_image_splitting`, `image_longest_edge`, `min_pixels`, `max_pixels`. An adapter answers as in
   * training where these are those of its run.
   */
  loading?: Record<string, unknown> | undefined;
}

export interface VlmGiven extends ModelGiven {
  /** A PEFT adapter: adapter_model.safetensors and adapter_config.json. */
  adapter?: FileGiven[] | undefined;
  /** The model that has to be there, by its id; another one is refused. */
  modelId?: string | undefined;
}

/** What a model costs, before any weight is read. */
export interface VlmCost {
  /** As the hub knows it. */
  label: string;
  /** Licence as the model's card has it; "" where it has none, or where its files were given. */
  licence: string;
  /** Bytes still to fetch from the hub; 0 when this browser has everything, or when the files were given. */
  fetchBytes: number;
  /** Bytes that lie in the browser's storage afterwards. */
  diskBytes: number;
  /** Bytes of the weights on the GPU. */
  gpuBytes: number;
}

/** What to know of a loaded model. */
export interface VlmInfo {
  id: string;
  label: string;
  /** Sentences: how files were found and read, what the adapter says of its base. */
  notes: string[];
  /** Whether an adapter is on it. */
  adapter: boolean;
}

export type Part = { type: "text"; text: string } | { type: "image" };

export interface ChatMessage {
  role: "system" | "user" | "assistant";
  content: string | Part[];
}

export interface Sampling {
  /** 256 where nothing is said. */
  maxNewTokens?: number;
  /** 0, where nothing is said, is greedy: the same question has the same answer. */
  temperature?: number;
  topP?: number;
  topK?: number;
  seed?: number;
}

export interface Question {
  messages: ChatMessage[];
  /**
   * Encoded pictures (PNG, JPEG, WebP, …), one for each image part of the messages, in their order. Where no message has an image part they
   * stand before the words of the first question.
   */
  images?: Blob[];
  /** false asks the base model. */
  adapter?: boolean;
  sampling?: Sampling;
}

export interface Answer {
  text: string;
  /** Token ids, the end of the answer included where it was reached. */
  ids: number[];
  seconds: number;
  /** "eos": it is whole; "length": `maxNewTokens` are there; "full": the model has no position left; "user": it was stopped. */
  stopped: "eos" | "length" | "full" | "user";
}

/** How a load goes on. */
export interface LoadProgress {
  /** "asking": a hub is asked what the model has; no weight has come yet. */
  phase: "asking" | "reading" | "quantising" | "uploading";
  /** 0 … 1 of the whole load. */
  fraction: number;
  /** Which tensor it is at. */
  detail: string;
  /** What the network brings, while it is needed. `secondsLeft` is null while nothing comes. */
  fetched?: { bytes: number; total: number; bytesPerSecond: number; secondsLeft: number | null } | undefined;
}

export interface VlmOptions extends VlmGiven {
  onProgress?: (progress: LoadProgress) => void;
  /** Ends the load, which then rejects with "cancelled". */
  signal?: AbortSignal | undefined;
}

export interface AnswerOptions extends Question {
  /** Ends the answer after the words that are there; it then returns as one that was stopped by its user. */
  signal?: AbortSignal | undefined;
}

export interface Vlm {
  readonly info: VlmInfo;
  /** Yields the words as they come; returns the whole answer, whose text counts where broken characters made the pieces another. One that is still being written ends first. Throws TabTuneError. */
  answer(options: AnswerOptions): AsyncGenerator<string, Answer, void>;
  /** Ends what goes on, and gives the GPU's memory back. */
  dispose(): void;
}

export interface VlmDoors {
  /** What the model costs, from its headers alone. Throws TabTuneErrors such as "network" and "unsupported-model". */
  vlmCost(given: ModelGiven): Promise<VlmCost>;
  /** Loads a model, and an adapter onto it. Throws TabTuneErrors such as "no-webgpu", "network", "bad-adapter" and "out-of-memory". */
  loadVlm(options: VlmOptions): Promise<Vlm>;
}
