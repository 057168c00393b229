/** The page in English, the pattern of every language. */
import { apply } from "./apply.ts";
import { chart } from "./chart.ts";
import { chat } from "./chat.ts";
import { data } from "./data.ts";
import { demo } from "./demo.ts";
import { hub } from "./hub.ts";
import { model } from "./model.ts";
import { parts } from "./parts.ts";
import { path } from "./path.ts";
import { recipe } from "./recipe.ts";
import { run } from "./run.ts";
import { runs } from "./runs.ts";
import { shell } from "./shell.ts";
import { storage } from "./storage.ts";
import { tab } from "./tab.ts";
import { units } from "./units.ts";
import { welcome } from "./welcome.ts";
import { workers } from "./workers.ts";

export const en = {
  apply,
  chart,
  chat,
  data,
  demo,
  hub,
  model,
  parts,
  path,
  recipe,
  run,
  runs,
  shell,
  storage,
  tab,
  units,
  welcome,
  workers,
};

/** What a language has to say. */
export type Words = typeof en;
