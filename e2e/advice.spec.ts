/** Presets and advice that say what they change, and do it at a press. */
import { button, expect, panel, prepare, SLOW, statusOf, test } from "./fixtures.ts";
import { expectGoodLooks } from "./look.ts";

test("the seed report says what it changes, and loads the model as its script does", async ({ page }) => {
  await prepare(page);
  const training = panel(page, "Training");
  const preset = training.getByRole("combobox", { name: "Preset" });
  await preset.selectOption("Seed report");
  const changes = training.getByRole("list", { name: "What it changes" });
  await expect(changes).toContainText("Adapted linears: language model → vision tower and projector too");
  await expect(changes).toContainText("Order of rows: shuffled → as Hugging Face shuffles");
  const otherwise = training.getByRole("list", { name: "Loaded otherwise" });
  await expect(otherwise.getByRole("listitem")).toHaveText([
    "Projector: as in the checkpoint → in 4 bits",
    "Vision tower: as in the checkpoint → in 4 bits",
  ]);
  await expect(training).toContainText(
    /GPU memory of a run: [\d.]+ [MG]B with Demo model, [\d.]+ [MG]B with this recipe .* [\d.]+ [MG]B loaded anew/,
  );
  await expectGoodLooks(page);
  await button(page, "Load the model anew").click();
  await expect(otherwise).toHaveCount(0, { timeout: SLOW });
  await expect(statusOf(page, "Model")).toContainText("ready");
  await expect(statusOf(page, "Data")).toHaveText("128 rows ready");
  await expect(preset).toHaveValue("Seed report");
  await panel(page, "Model").getByText("Loading settings").click();
  await expect(panel(page, "Model").getByRole("combobox", { name: "Projector" })).toHaveValue("4bit");
  await expect(panel(page, "Model").getByRole("combobox", { name: "Vision tower" })).toHaveValue("4bit");

  // Loaded in another format, it is offered again.
  await panel(page, "Model").getByRole("combobox", { name: "4-bit format" }).selectOption("FP4");
  await panel(page, "Model").getByRole("combobox", { name: "Double quantisation" }).selectOption("on");
  await button(page, "Load model").click();
  await expect(otherwise.getByRole("listitem")).toHaveText(
    ["4-bit format: FP4 → NF4", "Double quantisation: on → off"],
    { timeout: SLOW },
  );
});
