/** The notebook of a handed-over run, for clouds that lend a GPU in a browser. */
import { line } from "../markdown.ts";
import { type AboutHandover, modelArgument } from "./readme.ts";

const cell = (kind: "markdown" | "code", text: string) => ({
  cell_type: kind,
  id: `${kind}-${text.length}`,
  metadata: {},
  source: text.split("\n").map((line, n, all) => (n < all.length - 1 ? `${line}\n` : line)),
  ...(kind === "code" ? { execution_count: null, outputs: [] } : {}),
});

/** nbformat 4.5. */
export function notebook(about: AboutHandover): string {
  const cells = [
    cell(
      "markdown",
      `# ${line(about.model.name)} on ${line(about.datasetLabel)}\n\nChoose a runtime with a GPU, upload the zip of this folder as \`handover.zip\`, and run the cells one after the other.`,
    ),
    cell("code", "!unzip -qo handover.zip -d handover || true\n%cd handover\n!pip install -q -r requirements.txt"),
    cell(
      "code",
      "import torch\nassert torch.cuda.is_available(), 'Choose a runtime with a GPU.'\nprint(torch.cuda.get_device_name())",
    ),
    cell(
      "code",
      `# GPUs before Ampere have no bf16.\ndtype = 'bfloat16' if torch.cuda.is_bf16_supported(including_emulation=False) else 'float32'\n!accelerate launch --num_processes 1 --mixed_precision no train.py${modelArgument(about)} --dtype {dtype}`,
    ),
    cell("code", "!zip -j adapter.zip out/adapter_model.safetensors out/adapter_config.json"),
    cell("markdown", "Download `adapter.zip` and drop it on TabTune's page."),
  ];
  const metadata = {
    accelerator: "GPU",
    kernelspec: { display_name: "Python 3", language: "python", name: "python3" },
  };
  return `${JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 5 }, null, 1)}\n`;
}
