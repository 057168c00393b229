/**
 * One neutral name for each tensor and module, whatever layout its file has. Neutral in every family: `language_model.layers…`,
 * `language_model.embed_tokens`, `lm_head`, `vision_tower.vision_model…`, `multi_modal_projector…`. A family says how files spell them.
 */

/** Neutral prefixes and the spellings of files, in this order: before transformers 4.52, from 4.52 on, others. */
export type NameScheme = readonly (readonly [neutral: string, files: readonly string[]])[];

/** Where the neutral names of the parts begin. */
export const DECODER = "language_model";
export const TOWER = "vision_tower.vision_model";
export const CONNECTOR = "multi_modal_projector";
export const DEEPSTACK = "deepstack_connectors";

/** "language_model.layers.3" */
export const decoderLayer = (n: number): string => `${DECODER}.layers.${n}`;
/** "vision_tower.vision_model.encoder.layers.3" */
export const towerLayer = (n: number): string => `${TOWER}.encoder.layers.${n}`;

/** "deepstack_connectors.1" */
export const deepstackConnector = (k: number): string => `${DEEPSTACK}.${k}`;

/** The spellings of a neutral name in files, in the scheme's order. A name that no prefix fits stands as it is or behind "model.". */
export function spellingsOf(neutral: string, scheme: NameScheme): string[] {
  const found = scheme.find(([prefix]) => neutral.startsWith(prefix));
  if (!found) return [neutral, `model.${neutral}`];
  const [prefix, files] = found;
  return files.map((file) => `${file}${neutral.slice(prefix.length)}`);
}

/** The first spelling that `has` knows. */
export function resolveName(neutral: string, scheme: NameScheme, has: (name: string) => boolean): string | undefined {
  return spellingsOf(neutral, scheme).find(has);
}

/** The neutral name of what a file spells; the longest prefix that fits, else the name without a leading "model.". */
export function neutralName(spelled: string, scheme: NameScheme): string {
  const fits = scheme
    .flatMap(([neutral, files]) => files.map((file) => ({ neutral, file })))
    .filter(({ file }) => spelled.startsWith(file))
    .sort((a, b) => b.file.length - a.file.length)[0];
  return fits ? `${fits.neutral}${spelled.slice(fits.file.length)}` : spelled.replace(/^model\./, "");
}
