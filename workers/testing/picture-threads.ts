/** A program of its own for headless/picture-threads.test.ts: threads begin with the program that starts them. */
import { readFile } from "node:fs/promises";
import { openPicturePool } from "../data/pictures/pool.ts";
import { prepareImage } from "../data/pictures/prepare-image.ts";
import { openThread } from "../headless/picture-threads.ts";
import { pictureFormatOf } from "../models/picture-format.ts";

/** Prints, for each picture, whether a thread gives what this one gives: "equal", or the code of the refusal. */
export async function main([model, ...files]: string[]): Promise<number> {
  const text = (name: string) => readFile(`${model}/${name}`, "utf8");
  const spec = {
    configJson: await text("config.json"),
    processorJson: await text("preprocessor_config.json"),
    maxImageTiles: null,
  };
  const format = pictureFormatOf(spec);
  const pool = openPicturePool(2, () => openThread(spec));
  const said = await Promise.all(
    files.map(async (file) => {
      const bytes = new Uint8Array(await readFile(file));
      try {
        const { pixels, ...facts } = await pool.prepare(bytes);
        const { pixels: expected, ...others } = await prepareImage(bytes, format);
        const isEqual = Buffer.compare(pixels, expected) === 0 && JSON.stringify(facts) === JSON.stringify(others);
        return isEqual ? "equal" : "different";
      } catch (error) {
        return (error as { code: string }).code;
      }
    }),
  );
  pool.dispose();
  process.stdout.write(said.join(" "));
  return 0;
}
