/** How the next model is loaded: what to do when GPU memory is short. */
import { limitsOf } from "../../workers/recipe.ts";
import { useModel } from "../stores/model.ts";

const limits = limitsOf("max_image_tiles");

export function LoadingSettings({ disabled }: { disabled: boolean }) {
  const { quantize_modules, max_image_tiles } = useModel((s) => s.loading);
  const setLoading = useModel((s) => s.setLoading);
  return (
    <details>
      <summary>Loading settings</summary>
      <div className="fields">
        <label title="quantize_modules: a CLIP ViT-L takes 0.6 GB in 16 bits, 0.2 GB in 4">
          <span>Vision tower</span>
          <select
            value={quantize_modules.includes("vision_tower") ? "4bit" : "whole"}
            disabled={disabled}
            onChange={({ target: { value } }) =>
              setLoading({
                quantize_modules: value === "4bit" ? ["language_model", "vision_tower"] : ["language_model"],
              })
            }
          >
            <option value="whole">as in the checkpoint</option>
            <option value="4bit">in 4 bits: less memory</option>
          </select>
        </label>
        <label title="max_image_tiles: LLaVA-NeXT cuts a picture into up to 5 tiles of 576 tokens">
          <span>Tiles of a picture, at most</span>
          <input
            type="number"
            {...limits}
            value={max_image_tiles ?? ""}
            disabled={disabled}
            placeholder="as the model has it"
            onChange={({ target: { valueAsNumber: n } }) => setLoading({ max_image_tiles: n >= limits.min ? n : null })}
          />
        </label>
      </div>
    </details>
  );
}
