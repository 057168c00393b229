/** A run's whole model for Ollama and llama.cpp, written into a folder that the person picks. */
import type { Page } from "@playwright/test";
import { readGguf } from "../workers/testing/read-gguf.ts";
import { button, expect, panel, prepare, SLOW, setRecipe, shortRecipe, test, waitForEnd } from "./fixtures.ts";

/** The picker is the system's; a folder of the origin's own file system stands in for what it gives. */
const pickOwnFolder = (page: Page): Promise<unknown> =>
  page.addInitScript(() => {
    const pick = async () => (await navigator.storage.getDirectory()).getDirectoryHandle("picked", { create: true });
    Object.assign(window, { showDirectoryPicker: pick });
  });

/** As base64: an array of numbers would take Playwright half a minute to carry over. */
async function filesIn(page: Page): Promise<Record<string, Buffer>> {
  const encoded = await page.evaluate(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("picked");
    const found: Record<string, string> = {};
    const encode = (file: Blob): Promise<string> =>
      new Promise((resolve, reject) => {
        const reader = new FileReader();
        reader.onload = () => resolve(String(reader.result).split(",")[1] ?? "");
        reader.onerror = () => reject(reader.error);
        reader.readAsDataURL(file);
      });
    // Entries of a folder are an async iterable, which not every library of types knows.
    for await (const [name, handle] of folder as unknown as AsyncIterable<[string, FileSystemFileHandle]>)
      found[name] = await encode(await handle.getFile());
    return found;
  });
  return Object.fromEntries(Object.entries(encoded).map(([name, text]) => [name, Buffer.from(text, "base64")]));
}

test("a run is saved for Ollama: three files that hang together, and what llama.cpp does otherwise", async ({
  page,
}) => {
  test.slow();
  await pickOwnFolder(page);
  await prepare(page);
  await setRecipe(page, shortRecipe(1, 1));
  await button(page, "Start training").click();
  await waitForEnd(page, 1);
  const runs = panel(page, "Runs");
  const card = runs.locator(".way").filter({ has: page.getByRole("heading", { name: "Ollama and llama.cpp" }) });
  await card.getByRole("combobox", { name: "Weights" }).selectOption("q8_0");
  await card.getByRole("button", { name: "Save for Ollama" }).click();
  await expect(card).toContainText("ollama create NAME -f Modelfile", { timeout: SLOW });
  await expect(card).toContainText("misplaces the class token of CLIP's towers");
  await expect(card.getByRole("progressbar")).toHaveCount(0);

  const files = await filesIn(page);
  expect(Object.keys(files).sort()).toEqual(["Modelfile", "mmproj-f16.gguf", "model-q8_0.gguf"]);
  const { fields, tensors } = readGguf(Uint8Array.from(files["model-q8_0.gguf"]!));
  expect(fields["general.architecture"]).toBe("llama");
  expect((fields["tokenizer.ggml.tokens"] as string[]).length).toBe(tensors.get("token_embd.weight")!.shape[0]);
  expect(readGguf(Uint8Array.from(files["mmproj-f16.gguf"]!)).fields["clip.projector_type"]).toBe("mlp");
  const modelfile = files.Modelfile!.toString("utf8");
  expect(modelfile).toContain("FROM ./model-q8_0.gguf\nFROM ./mmproj-f16.gguf\n");
});
