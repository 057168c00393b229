/** Boxes of answers on pictures: whether they are drawn, and in which unit the answers of now have them. */
import { create } from "zustand";

interface BoxesStore {
  drawn: boolean;
  /** Of the data set in use, else of the model (`unitName`); undefined where neither says. */
  unit: string | undefined;
}

export const useBoxes = create<BoxesStore>(() => ({ drawn: true, unit: undefined }));
