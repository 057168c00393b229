import { CONNECTOR, DECODER, type NameScheme, TOWER } from "../../models/names.ts";

export const thirdNames: NameScheme = [
  ["lm_head.", ["mouth."]],
  [`${DECODER}.`, ["writer."]],
  [`${TOWER}.`, ["eye."]],
  [`${CONNECTOR}.`, ["bridge."]],
];
