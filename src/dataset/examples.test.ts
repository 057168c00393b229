/** What the page shows as examples is read as it says, in every language. */
import { afterEach, expect, test } from "vitest";
import { lookAt } from "../../workers/data/rows/look.ts";
import { file, pixel } from "../../workers/testing/rows.ts";
import { speak, words } from "../words/index.ts";
import { LANGUAGES, type Language } from "../words/languages.ts";
import { exampleFiles, type FormName } from "./examples.ts";

afterEach(() => speak("en"));

test.each(Object.keys(LANGUAGES) as Language[])(
  "each example gives the rows that it promises: %s",
  async (language) => {
    await speak(language);
    const { cat, dog, beach, question, answer } = words().data.forms.said;
    const answers: Record<FormName, string[]> = {
      folders: [cat, cat, dog],
      captions: [beach],
      table: [answer],
      boxes: [`[{"bbox_2d": [0.4, 0.3, 0.6, 0.7], "label": "${cat}"}]`],
      metadata: [answer],
      llava: [answer],
    };
    for (const [form, files] of Object.entries(exampleFiles())) {
      const dropped = files.map(({ path, text }) => file(`drop/${path}`, text ?? pixel));
      const { rows, problem } = await lookAt(dropped, {}, 5);
      expect(problem).toBe("");
      const said = rows.map((row) => ("turns" in row ? row.turns.at(-1)?.text : row));
      expect([form, said.toSorted()]).toEqual([form, answers[form as FormName].toSorted()]);
      const isAsked = form === "table" || form === "llava";
      if (isAsked) expect(rows).toMatchObject([{ turns: [{ text: expect.stringContaining(question) }, {}] }]);
    }
  },
);
