/** The loaded model, and the way there. */
import { create } from "zustand";
import { HUB } from "../../workers/hub/address.ts";
import type { LoadProgress, ModelInfo, ModelPreview, ModelSource } from "../../workers/protocol/model.ts";
import { USUAL_MAX_PIXELS } from "../../workers/recipe.ts";
import { remembered } from "../page/remembered.ts";
import { useApp } from "../page/store.ts";
import { callback, engine } from "../page/workers.ts";
import type { Quantised } from "../parts/loading.ts";
import { words } from "../words/index.ts";

export interface HubSettings {
  /** Address of the hub, kept between visits. */
  endpoint: string;
  /** For private and gated models; forgotten with the page. */
  token: string;
  /** Of an OAuth app at that hub, "" for this site's own; kept between visits. */
  clientId: string;
}

/** The keys of a recipe that a load needs. */
export interface Loading extends Quantised {
  max_image_tiles: number | null;
  /** Of models that have the choice; null: as the checkpoint says. */
  do_image_splitting: boolean | null;
  image_longest_edge: number | null;
  /** Of models that see pictures at free size. */
  min_pixels: number | null;
  max_pixels: number | null;
}

/** Unsplit, and no larger than usual: a picture in tiles, or of all its pixels, costs more than all the training of a small model. */
export const usualLoading: Loading = {
  load_in_4bit: true,
  bnb_4bit_quant_type: "nf4",
  bnb_4bit_use_double_quant: false,
  quantize_modules: ["language_model"],
  max_image_tiles: null,
  do_image_splitting: false,
  image_longest_edge: null,
  min_pixels: null,
  max_pixels: USUAL_MAX_PIXELS,
};

interface ModelStore {
  source: ModelSource;
  loading: Loading;
  info: ModelInfo | undefined;
  /** Where the loaded model came from, and how it was loaded; the next one may be chosen otherwise by now. */
  loaded: { source: ModelSource; loading: Loading } | undefined;
  progress: LoadProgress | undefined;
  /** What the chosen model of the hub costs: asked of the hub, waiting for a yes. */
  preview: ModelPreview | undefined;
  hub: HubSettings;
  choose(source: ModelSource): void;
  /** Chooses a model of the hub by owner/name or owner/name@revision. */
  chooseHub(name: string): void;
  setHub(settings: Partial<HubSettings>): void;
  setLoading(settings: Partial<Loading>): void;
  /** Loads; a model of the hub that must be fetched is asked about first. */
  load(): Promise<void>;
  /** Loads the model that is there anew, or the chosen one where none is, with these keys in place of its own. */
  loadWith(loading: Partial<Loading>): Promise<void>;
  /** The yes to `preview`. */
  download(): Promise<void>;
  stop(): Promise<void>;
  /** To be called once, when the page can compute: a reload has the model again that was there before. */
  comeBack(): Promise<void>;
  /** The engine died: nothing is loaded any more. */
  forget(): void;
}

const ENDPOINT_KEY = "tabtune-hub";
const CLIENT_KEY = "tabtune-hub-client";
/** Kept by this tab while a reload loads its model. */
const COMING_KEY = "tabtune-coming-back";

/** The page was loaded anew, and not opened. */
function isReload(): boolean {
  const [navigation] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  return navigation?.type === "reload";
}

/** Whether the tab died the last time that it did this: what took it down must not do so again and again. */
function hasDiedOverIt(): boolean {
  const died = sessionStorage.getItem(COMING_KEY) !== null;
  sessionStorage.removeItem(COMING_KEY);
  return died;
}
const hubSource = (name: string, { endpoint, token }: HubSettings): ModelSource => ({
  kind: "hub",
  name,
  endpoint,
  token,
});
const starting: LoadProgress = { phase: "reading", fraction: 0, detail: "" };

export const useModel = create<ModelStore>((set, get) => {
  async function attempt(work: () => Promise<void>): Promise<void> {
    const app = useApp.getState();
    app.clear("model");
    const { source } = get();
    set({ preview: undefined, progress: { ...starting, phase: source.kind === "hub" ? "asking" : "reading" } });
    try {
      await work();
    } catch (error) {
      const { info } = get();
      app.fail("model", error, info && words().model.status.stillLoaded(info.label));
    } finally {
      set({ progress: undefined });
    }
  }

  async function load(): Promise<void> {
    // Words of progress come by another port than the answer: the last of them may come behind it.
    let ended = false;
    const onProgress = callback((progress: LoadProgress) => {
      if (!ended) set({ progress });
    });
    const { source, loading } = get();
    try {
      const info = await engine((api) => api.loadModel(source, { ...loading }, onProgress));
      set({ info, loaded: { source, loading } });
    } catch (error) {
      // The engine knows what stands: the model of before, where there was one. It is the same object then: nothing was loaded.
      const stands = await engine((api) => api.currentModel());
      set(({ info }) => ({ info: stands?.id === info?.id ? info : (stands ?? undefined) }));
      throw error;
    } finally {
      ended = true;
    }
  }

  const choose = (source: ModelSource): void => {
    // What was wrong with another choice says nothing of this one.
    useApp.getState().clear("model");
    set({ source, preview: undefined });
  };
  const before = remembered().model;
  const hub: HubSettings = {
    endpoint: localStorage.getItem(ENDPOINT_KEY) ?? HUB,
    token: "",
    clientId: localStorage.getItem(CLIENT_KEY) ?? "",
  };

  return {
    source: before?.source.kind === "hub" ? hubSource(before.source.name, hub) : { kind: "embedded" },
    loading: { ...usualLoading, ...before?.loading },
    info: undefined,
    loaded: undefined,
    progress: undefined,
    preview: undefined,
    hub,
    choose,
    chooseHub: (name) => choose(hubSource(name, get().hub)),
    setHub(settings) {
      const hub = { ...get().hub, ...settings };
      localStorage.setItem(ENDPOINT_KEY, hub.endpoint);
      localStorage.setItem(CLIENT_KEY, hub.clientId);
      const { source } = get();
      set({ hub, source: source.kind === "hub" ? hubSource(source.name, hub) : source, preview: undefined });
    },
    setLoading: (settings) => set((s) => ({ loading: { ...s.loading, ...settings }, preview: undefined })),
    load: () =>
      attempt(async () => {
        const { source } = get();
        if (source.kind === "hub") {
          const preview = await engine((api) => api.previewModel(source, { ...get().loading }));
          if (preview.fetchBytes > 0) {
            set({ preview });
            return;
          }
        }
        await load();
      }),
    async loadWith(keys) {
      const { loaded, setLoading, load } = get();
      // A token may have been written anew since.
      if (loaded) choose(loaded.source.kind === "hub" ? hubSource(loaded.source.name, get().hub) : loaded.source);
      setLoading({ ...loaded?.loading, ...keys });
      await load();
    },
    download: () => attempt(load),
    async stop() {
      await engine((api) => api.stopLoading());
    },
    async comeBack() {
      const { info, progress, load } = get();
      // Files of a folder are gone with the page; and somebody may have been quicker.
      if (!before || before.source.kind === "folder" || info || progress) return;
      if (hasDiedOverIt() || !isReload()) return;
      const end = (): void => sessionStorage.removeItem(COMING_KEY);
      sessionStorage.setItem(COMING_KEY, before.label);
      window.addEventListener("pagehide", end, { once: true });
      await load();
      end();
    },
    forget: () => set({ info: undefined, loaded: undefined, progress: undefined }),
  };
});
