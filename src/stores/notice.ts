/** A notice of the system at the end of a run, for who asked for one. */
import { create } from "zustand";
import { words } from "../words/index.ts";

interface NoticeStore {
  wanted: boolean;
  /** Why there will be none although it is wanted; "" where nothing stands in the way. */
  problem: string;
  /** Asks the browser at the first time. */
  want(wanted: boolean): Promise<void>;
  /** Gives the notice where it is wanted and nobody looks at the page. */
  tell(title: string, body: string): void;
}

export const useNotice = create<NoticeStore>((set, get) => ({
  wanted: false,
  problem: "",
  async want(wanted) {
    if (!wanted) return set({ wanted, problem: "" });
    if (!("Notification" in globalThis)) return set({ wanted: false, problem: words().tab.unknown });
    const allowed = (await Notification.requestPermission()) === "granted";
    set({ wanted: allowed, problem: allowed ? "" : words().tab.refused });
  },
  tell(title, body) {
    if (!get().wanted || !document.hidden) return;
    const notice = new Notification(title, { body, icon: "./icon-192.png", tag: "tabtune-run" });
    notice.onclick = () => {
      window.focus();
      notice.close();
    };
  },
}));
