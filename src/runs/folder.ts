/** A folder of the person's own, to write a model of gigabytes into: Chromium's; other browsers have no way to do that. */

type PickFolder = (options: { mode: "readwrite" }) => Promise<FileSystemDirectoryHandle>;

const pickFolder = (window as unknown as { showDirectoryPicker?: PickFolder }).showDirectoryPicker?.bind(window);

export const writesFolders = pickFolder !== undefined;

/** Must be the first thing after a click. Undefined where the picker was closed, which is no error. */
export const pickedFolder = async (): Promise<FileSystemDirectoryHandle | undefined> =>
  pickFolder?.({ mode: "readwrite" }).catch(() => undefined);
