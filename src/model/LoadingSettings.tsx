/** How the next model is loaded: what to do when GPU memory is short. */
import { limitsOf } from "../../workers/recipe.ts";
import { Field } from "../parts/Field.tsx";
import { useModel } from "../stores/model.ts";

const limits = limitsOf("max_image_tiles");
const splitting = { whole: false, tiles: true, checkpoint: null };
const longestEdges = [512, 1024, 1536, 2048];

export function LoadingSettings({ disabled }: { disabled: boolean }) {
  const { quantize_modules, max_image_tiles, do_image_splitting, image_longest_edge } = useModel((s) => s.loading);
  const setLoading = useModel((s) => s.setLoading);
  return (
    <details>
      <summary>Loading settings</summary>
      <div className="fields">
        <Field label="Vision tower" hint="4 bits take a third of the memory">
          {(attributes) => (
            <select
              {...attributes}
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
          )}
        </Field>
        <Field label="Tiles of a picture, at most" hint="fewer tiles, fewer tokens">
          {(attributes) => (
            <input
              {...attributes}
              type="number"
              {...limits}
              value={max_image_tiles ?? ""}
              disabled={disabled}
              placeholder="as the model has it"
              onChange={({ target: { valueAsNumber: n } }) =>
                setLoading({ max_image_tiles: n >= limits.min ? n : null })
              }
            />
          )}
        </Field>
        <Field label="Pictures of SmolVLM" hint="tiles show small things, and cost many times as much">
          {(attributes) => (
            <select
              {...attributes}
              value={do_image_splitting === null ? "checkpoint" : do_image_splitting ? "tiles" : "whole"}
              disabled={disabled}
              onChange={({ target: { value } }) =>
                setLoading({ do_image_splitting: splitting[value as keyof typeof splitting] })
              }
            >
              <option value="whole">whole, in one tile</option>
              <option value="tiles">cut into tiles</option>
              <option value="checkpoint">as the model has it</option>
            </select>
          )}
        </Field>
        <Field label="Longer side of SmolVLM’s pictures" hint="less makes fewer tiles">
          {(attributes) => (
            <select
              {...attributes}
              value={image_longest_edge ?? ""}
              disabled={disabled}
              onChange={({ target: { value } }) =>
                setLoading({ image_longest_edge: value === "" ? null : Number(value) })
              }
            >
              <option value="">as the model has it</option>
              {longestEdges.map((side) => (
                <option key={side} value={side}>
                  {side} pixels
                </option>
              ))}
            </select>
          )}
        </Field>
      </div>
    </details>
  );
}
