/** What an adapter is held against: the linears of a model by its config.json, and the name of the model that it was trained on. */
import { deepstackOf, type VlmConfig } from "../models/config.ts";
import { CONNECTOR, decoderLayer, deepstackConnector, towerLayer } from "../models/names.ts";
import { connectorLinears } from "../models/parts/connector.ts";
import { decoderLinears } from "../models/parts/decoder.ts";
import type { Linears } from "../models/parts/linears.ts";
import { towerLinears } from "../models/parts/tower.ts";
import type { ModuleSize } from "./peft-import.ts";

/** Every module that an adapter of this model can change, by neutral name. */
export function moduleSizes(config: VlmConfig): Map<string, ModuleSize> {
  const { decoder, tower, connector } = config;
  const sizes = new Map<string, ModuleSize>();
  const add = (base: string, linears: Linears<string>): void => {
    for (const { inSize, parts } of Object.values(linears)) {
      for (const [module, out] of parts) sizes.set(`${base}.${module}`, { inFeatures: inSize, outFeatures: out });
    }
  };
  for (let n = 0; n < decoder.numLayers; n++) add(decoderLayer(n), decoderLinears(decoder));
  for (let n = 0; n < tower.numLayers; n++) add(towerLayer(n), towerLinears(tower));
  add(CONNECTOR, connectorLinears(connector));
  for (const [k, d] of deepstackOf(config).entries()) add(deepstackConnector(k), connectorLinears(d.connector));
  return sizes;
}

/**
 * What to tell where the adapter names another base model than the one at hand, by its folder or by config.json's `_name_or_path`; undefined
 * where the names agree or none is given. Folders have any name, so this is no reason to refuse.
 */
export function otherBase(baseModel: string, label: string, configJson: unknown): string | undefined {
  const path = (configJson as { _name_or_path?: unknown } | null)?._name_or_path;
  const last = (name: string): string =>
    name
      .replace(/[\\/]+$/, "")
      .split(/[\\/]/)
      .at(-1)!
      .replace(/@.*$/, "")
      .toLowerCase();
  const own = [label, ...(typeof path === "string" && path !== "" ? [path] : [])];
  if (baseModel === "" || own.some((name) => last(name) === last(baseModel))) return undefined;
  return `The adapter says that it was trained on ${baseModel.slice(0, 200)}, and the model given is ${label}: its sizes fit, but what it learned holds for the weights that it was trained on.`;
}
