/** The columns of the table that was dropped, and what is said of them: by the user now, or the last time that a table had the same ones. */
import { create, type StateCreator } from "zustand";
import type { Look } from "../../workers/data/rows/look.ts";
import { isEmptyReading } from "../../workers/data/rows/reading.ts";
import type { RecordOptions } from "../../workers/data/rows/record.ts";
import type { TableSource } from "../../workers/protocol/dataset.ts";
import { remember, remembered } from "../page/remembered.ts";
import type { Place } from "../page/store.ts";
import { attempt } from "../page/store.ts";
import { callback, dataset } from "../page/workers.ts";
import { useModel } from "./model.ts";

/** Records that are looked at. */
const LOOK_ROWS = 5;
/** Tables whose columns are remembered. */
const REMEMBERED = 20;

interface ColumnsStore {
  /** What was dropped last; its `reading` is what its rows are read by. */
  source: TableSource | undefined;
  /** Its first rows, under `draft`. */
  look: Look | undefined;
  /** What is being chosen and not yet read. */
  draft: RecordOptions;
  /** The reading was taken over from the last visit. */
  fromBefore: boolean;
  /** Looks at files that were dropped, or lie on a hub. Resolves to the same with the reading that was chosen for these columns before, if any. */
  begin(source: TableSource, onFetched: (detail: string) => void): Promise<TableSource>;
  /** Shows the first rows under another reading. */
  choose(draft: RecordOptions): Promise<void>;
  /** Keeps the draft for all tables with these columns. Gives the files with it, to begin with. */
  keep(): TableSource | undefined;
  clear(): void;
}

/** Which set of columns it is, in any order. */
const columnsKey = (look: Look): string =>
  JSON.stringify(look.table?.columns.toSorted() ?? (look.boxes ? ["boxes"] : []));

/** What was said of these columns before; undefined where nothing was. */
const readingBefore = (look: Look): RecordOptions | undefined =>
  remembered().readings?.find(({ columns }) => columns === columnsKey(look))?.reading as RecordOptions | undefined;

/** `onFetched` is told what has come from a hub. */
const lookOf = (source: TableSource, onFetched: (detail: string) => void = () => {}): Promise<Look> =>
  dataset((api, alive) =>
    api.look(
      source,
      LOOK_ROWS,
      useModel.getState().info?.preparation,
      callback((detail: string) => {
        alive(detail);
        onFetched(detail);
      }),
    ),
  );

/**
 * The columns of one kind of files.
 * @param place where it is told what goes wrong
 * @param always what the rows are read by whatever is chosen
 */
const columnsOf =
  (place: Place, always: RecordOptions = {}): StateCreator<ColumnsStore> =>
  (set, get) => {
    /** A look under another reading is on its way. */
    let looking = false;
    const whole = (source: TableSource): TableSource =>
      Object.keys(always).length === 0 ? source : { ...source, reading: { ...source.reading, ...always } };
    const lookAt: typeof lookOf = (source, onFetched) => lookOf(whole(source), onFetched);
    return {
      source: undefined,
      look: undefined,
      draft: {},
      fromBefore: false,
      async begin(source, onFetched) {
        const { source: old, look: shown, draft } = get();
        const plain = await lookAt(source, onFetched);
        const reading = source.reading ?? readingBefore(plain);
        const read = reading && !isEmptyReading(reading) ? { ...source, reading } : source;
        const look = read === source ? plain : await lookAt(read, onFetched);
        set({ source: read, look, draft: read.reading ?? {}, fromBefore: read.reading !== source.reading });
        // Who was choosing when more files of the same table came goes on.
        const unread = JSON.stringify(draft) !== JSON.stringify(old?.reading ?? {}) && source.reading === undefined;
        if (unread && shown?.table && columnsKey(shown) === columnsKey(plain)) void get().choose({ ...draft });
        return whole(read);
      },
      async choose(draft) {
        set({ draft });
        // Each look opens the files: whoever types waits for one, and the next is at what was typed last.
        if (looking) return;
        looking = true;
        await attempt(place, async () => {
          for (let shown: RecordOptions | undefined; shown !== get().draft; ) {
            const { source } = get();
            if (!source) return;
            shown = get().draft;
            const look = await lookAt({ ...source, reading: shown });
            if (get().draft === shown && get().source === source) set({ look });
          }
        });
        looking = false;
      },
      keep() {
        const { source, look, draft } = get();
        if (!source || !look) return undefined;
        const columns = columnsKey(look);
        const others = (remembered().readings ?? []).filter((kept) => kept.columns !== columns);
        const own = isEmptyReading(draft) ? [] : [{ columns, reading: draft }];
        remember({ readings: [...own, ...others].slice(0, REMEMBERED) });
        return { ...source, reading: draft };
      },
      clear: () => set({ source: undefined, look: undefined, draft: {}, fromBefore: false }),
    };
  };

/** Of the training data. */
export const useColumns = create<ColumnsStore>(columnsOf("data"));
/** Of files that are to be answered. */
export const useApplyColumns = create<ColumnsStore>(columnsOf("apply", { toAnswer: true }));
