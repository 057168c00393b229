/** Which names are an adapter's: all that the page knows of files before a worker has looked into them. */

export const WEIGHTS_FILE = "adapter_model.safetensors";
export const CONFIG_FILE = "adapter_config.json";
export const CARD_FILE = "README.md";

/** Weights as Python pickles them. */
export const PICKLE = /(^|\/)adapter_model\.(bin|pt|pth)$/;
export const nameOf = (path: string): string => path.split("/").at(-1)!;
export const folderOf = (path: string): string => path.split("/").slice(0, -1).join("/");
export const isPart = (path: string): boolean =>
  [CONFIG_FILE, WEIGHTS_FILE].includes(nameOf(path)) || PICKLE.test(path);

/** Whether these names are an adapter's: no weights are among them but its own, as there are in a model's folder. */
export function namesAdapter(paths: readonly string[]): boolean {
  const others = paths.some((path) => path.endsWith(".safetensors") && nameOf(path) !== WEIGHTS_FILE);
  const model = others && paths.some((path) => nameOf(path) === "config.json");
  return paths.some(isPart) && !model;
}

/** Whether these files may be an adapter as far as names say: it is one, or a single zip, whose names `adapterIn` reads. */
export const mayBeAdapter = (paths: readonly string[]): boolean =>
  namesAdapter(paths) || (paths.length === 1 && isZip(paths[0]!));

export const isZip = (path: string): boolean => /\.zip$/i.test(path);
