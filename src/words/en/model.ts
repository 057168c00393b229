/** The place Model: choosing, loading, the self-test, loading settings. */
import { counted, rows } from "./count.ts";

export const model = {
  lead: "What you start from. It stays as it is, packed into 4 bits on your GPU; a small adapter beside it does the learning.",
  choose: {
    label: "Model",
    embedded: (name: string, parameters: string) => `${name} (${parameters} parameters, embedded)`,
    listed: (name: string, parameters: string, size: string) =>
      `${name} (${parameters} parameters, ${size} to download)`,
    best: ", the best start",
    other: "Another model of the hub…",
    folder: "Choose model folder",
    load: "Load model",
    groups: {
      fits: "For most graphics cards",
      tight: "For graphics cards of 8 GB or more",
      "too-large": "More than a tab is likely to get",
    },
  },
  busy: "A model is being loaded.",
  running: "A run is going on with this model: stop and save it first.",
  looking: "Looking for a GPU.",
  cannot: "This browser cannot train.",
  lastTime: (label: string, data: { rows: number; label: string } | undefined, isFolder: boolean) => {
    const what = data ? `${label} with ${rows(data.rows)} of ${data.label}` : label;
    const how = isFolder ? "Choose that model folder again, then Load model goes on" : "Load model goes on";
    return `Last time: ${what}. ${how} where you were.`;
  },
  first: {
    own: "Your own pictures need another model:",
    photographs: "For photographs:",
    best: "is the best start.",
    choose: (name: string) => `Choose ${name}`,
    takes: (memory: string, isCommon: boolean, fetched: string, work: string) =>
      `It trains in ${memory} of GPU memory, which ${isCommon ? "most graphics cards have" : "not every GPU has"}, fetches ${fetched}, and a row costs ${work}.`,
    noRoom: (size: string, left: string) => `Of the ${size} that it is kept in, this browser has ${left} left.`,
    software: "No graphics card was found here: on the processor it is slow, and the demo model the quicker start.",
  },
  /** Models of the catalogue by their names on the hub. */
  goodFor: {
    "HuggingFaceTB/SmolVLM-256M-Instruct": "For photographs, small and quick, for integrated graphics too.",
    "HuggingFaceTB/SmolVLM-500M-Instruct": "For photographs, small, for integrated graphics too.",
    "HuggingFaceTB/SmolVLM2-500M-Video-Instruct": "For photographs, small; no videos.",
    "HuggingFaceTB/SmolVLM2-256M-Video-Instruct": "For photographs, small and quick; no videos.",
    "llava-hf/llava-interleave-qwen-0.5b-hf": "For photographs, several a row.",
    "bczhou/tiny-llava-v1-hf": "For photographs.",
    "llava-hf/llava-onevision-qwen2-0.5b-ov-hf": "For large photographs in up to 37 tiles, or several a row.",
    "HuggingFaceTB/SmolVLM-Instruct": "For photographs and documents.",
    "HuggingFaceTB/SmolVLM2-2.2B-Instruct": "For photographs and documents; no videos.",
    "llava-hf/llava-1.5-7b-hf": "For photographs.",
    "xtuner/llava-llama-3-8b-v1_1-transformers": "For photographs.",
    "llava-hf/llava-v1.6-vicuna-7b-hf": "For large photographs in tiles.",
    "llava-hf/llava-v1.6-mistral-7b-hf": "For large photographs in tiles.",
    "llava-hf/llava-1.5-13b-hf": "For photographs.",
    "Qwen/Qwen3-VL-2B-Instruct": "For documents, receipts and places in pictures of any shape.",
    "Qwen/Qwen3-VL-4B-Instruct": "For documents, receipts and places in pictures of any shape; larger.",
  },
  about: {
    costs: (sizes: { fetched: string; kept: string; gpu: string; training: string; work: string }) =>
      `${sizes.fetched} to download, ${sizes.kept} kept in this browser, ${sizes.gpu} on the GPU and ${sizes.training} while it trains with the preset Practical, ${sizes.work} a row.`,
    licence: (name: string) => `Licence ${name};`,
    card: "model card",
    agree: "Nothing is fetched before you agree.",
    shapes: (layers: number, width: number, side: number, tokens: number) =>
      `${layers} layers of ${width}, pictures ${side} × ${side} as ${tokens} tokens.`,
    freeShapes: (layers: number, width: number, side: number, most: string) =>
      `${layers} layers of ${width}, a token for each ${side} × ${side} pixels of a picture, ${most} at most.`,
    longRows: (picture: string, row: string) =>
      `Its largest pictures take ${picture} tokens: the preset Practical lets a row have ${row}.`,
    demo: "The demo model is tiny: it knows 128 flat icons on plain backgrounds and nothing of photographs. For those, choose another model.",
  },
  status: {
    ready: (label: string, parameters: string, memory: string, isCached: boolean) =>
      `${label} is ready: ${parameters} parameters, ${memory} on the GPU${isCached ? ", from this browser's cache" : ""}.`,
    readying: "Its kernels are being tried and compiled here, so that a run can start at once; go on meanwhile.",
    none: "No model is loaded.",
    stillLoaded: (label: string) => `${label} is still loaded.`,
  },
  bars: {
    phases: {
      asking: "Asking the hub",
      reading: "Reading weights",
      quantising: "Packing weights into 4 bits",
      uploading: "Uploading to the GPU",
    },
    fetched: "Fetched",
    prepared: "Prepared",
    speed: (done: string, total: string, aSecond: string) => `${done} of ${total}, ${aSecond}/s`,
    left: (time: string) => `${time} left`,
    asking: "What the model costs is asked first; no weight is fetched yet.",
    stopAsking: "Stop asking",
    pause: "Pause download",
    stop: "Stop loading",
    kept: "What is prepared stays here: Load model goes on where it stopped, also after a reload.",
  },
  offer: {
    label: "Download",
    at: "at",
    is: (parameters: string, licence: string | null) =>
      `${parameters} parameters, ${licence ? `licence ${licence}` : "no licence told"}.`,
    takes: (kept: string, gpu: string, training: string) =>
      `${kept} will be kept in this browser, ${gpu} go to the GPU; training with the preset Practical takes ${training} of GPU memory and`,
    fits: {
      fits: "should fit this GPU.",
      tight: "will be tight on many GPUs.",
      "too-large": "does not fit.",
    },
    lacks: (size: string) =>
      `This browser has ${size} too little room to keep it: the model will work, but next time it has to be downloaded again. Deleting old runs and models under Storage, or freeing disk space, makes room.`,
    running: "A run is going on: stop and save it first.",
    download: (size: string) => `Download ${size}`,
    no: "No, thank you",
  },
  hub: {
    name: "Name on the hub",
    nameHint: "owner/name, owner/name@revision or its address",
  },
  loading: {
    title: "Loading settings",
    format: "4-bit format",
    formatHint: "FP4 is what bitsandbytes takes where nothing is said",
    noFormat: "none: all as in the checkpoint",
    modules: {
      vision_tower: { label: "Vision tower", hint: "4 bits take a third of the memory" },
      multi_modal_projector: { label: "Projector", hint: "small: 4 bits save little" },
    },
    whole: "as in the checkpoint",
    packed: "in 4 bits: less memory",
    double: "Double quantisation",
    doubleHint: "scales rounded as bitsandbytes does; saves no memory here",
    off: "off",
    on: "on",
    tiles: "Tiles of a picture, at most",
    tilesHint: "fewer tiles, fewer tokens",
    asModel: "as the model has it",
    pictures: "Pictures of SmolVLM",
    picturesHint: "tiles show small things, and cost many times as much",
    inOne: "whole, in one tile",
    inTiles: "cut into tiles",
    longest: "Longer side of SmolVLM’s pictures",
    longestHint: "less makes fewer tiles",
    pixels: (n: number) => counted(n, { one: "pixel", other: "pixels" }),
    largest: "Pictures of Qwen3-VL, at most",
    largestHint: "larger ones are reduced to as many pixels; small print needs more",
    smallest: "Pictures of Qwen3-VL, at least",
    smallestHint: "smaller ones are enlarged to as many pixels",
    pictureTokens: (side: string, tokens: number) =>
      `${side} × ${side}: ${counted(tokens, { one: "token", other: "tokens" })}`,
    cost: {
      most: (tokens: string, time: string) => `A picture takes at most ${tokens} tokens${time}.`,
      least: (tokens: string, time: string) => `One takes at least ${tokens}${time}.`,
      unlimited: "A picture takes as many tokens as the model’s files allow; those of Qwen3-VL allow 16,384.",
      time: (seconds: string) => `, and a row with it ${seconds} of training when it is first seen`,
      about: (seconds: string) => `about ${seconds}`,
      between: (least: string, most: string) => `${least} to ${most}`,
      measured: "By the speed that was measured on this machine.",
      expected: "Expected of such a machine, not measured.",
      unknown: "How long that takes is told once the model is loaded.",
    },
  },
  selfTest: {
    before: "The kernels are tried on this GPU before the first run.",
    wrong: (ops: string) => `This GPU computes ${ops} wrongly: training is refused.`,
    agree: (right: number, of: number, worst: string, limit: string) =>
      `${right === of ? "All" : `${right} of`} ${of} results of the self-test agree with the CPU: largest error ${worst}, ${limit} is allowed.`,
    unused: (ops: string) => `Nothing here uses what this GPU computes wrongly: ${ops}.`,
    without: (ops: string) => `Faster kernels that did not agree and are not used: ${ops}.`,
    report: "Download report",
  },
};
