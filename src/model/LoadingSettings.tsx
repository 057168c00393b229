/** How the next model is loaded: what to do when GPU memory is short. */
import { limitsOf } from "../../workers/recipe.ts";
import { Field } from "../parts/Field.tsx";
import { withModule } from "../parts/loading.ts";
import { useModel } from "../stores/model.ts";
import { words } from "../words/index.ts";

const limits = limitsOf("max_image_tiles");
const splitting = { whole: false, tiles: true, checkpoint: null };
const quantisable = ["vision_tower", "multi_modal_projector"] as const;
const longestEdges = [512, 1024, 1536, 2048];
/** Sides of squares with the most pixels, and of the blocks that are a token each. */
const largest = [256, 512, 768, 1024, 1536];
const block = 32;

/** What is in 4 bits, and in which. */
function QuantSettings({ disabled }: { disabled: boolean }) {
  const loading = useModel((s) => s.loading);
  const { load_in_4bit, bnb_4bit_quant_type, bnb_4bit_use_double_quant, quantize_modules } = loading;
  const setLoading = useModel((s) => s.setLoading);
  const say = words().model.loading;
  return (
    <>
      <Field label={say.format} hint={say.formatHint}>
        {(attributes) => (
          <select
            {...attributes}
            value={load_in_4bit ? bnb_4bit_quant_type : "none"}
            disabled={disabled}
            onChange={({ target: { value } }) =>
              setLoading(
                value === "none"
                  ? { load_in_4bit: false }
                  : { load_in_4bit: true, bnb_4bit_quant_type: value as "nf4" | "fp4" },
              )
            }
          >
            <option value="nf4">NF4</option>
            <option value="fp4">FP4</option>
            <option value="none">{say.noFormat}</option>
          </select>
        )}
      </Field>
      {load_in_4bit &&
        quantisable.map((module) => (
          <Field key={module} {...say.modules[module]}>
            {(attributes) => (
              <select
                {...attributes}
                value={quantize_modules.includes(module) ? "4bit" : "whole"}
                disabled={disabled}
                onChange={({ target: { value } }) =>
                  setLoading({ quantize_modules: withModule(quantize_modules, module, value === "4bit") })
                }
              >
                <option value="whole">{say.whole}</option>
                <option value="4bit">{say.packed}</option>
              </select>
            )}
          </Field>
        ))}
      {load_in_4bit && (
        <Field label={say.double} hint={say.doubleHint}>
          {(attributes) => (
            <select
              {...attributes}
              value={bnb_4bit_use_double_quant ? "on" : "off"}
              disabled={disabled}
              onChange={({ target: { value } }) => setLoading({ bnb_4bit_use_double_quant: value === "on" })}
            >
              <option value="off">{say.off}</option>
              <option value="on">{say.on}</option>
            </select>
          )}
        </Field>
      )}
    </>
  );
}

export function LoadingSettings({ disabled }: { disabled: boolean }) {
  const { max_image_tiles, do_image_splitting, image_longest_edge, max_pixels } = useModel((s) => s.loading);
  const setLoading = useModel((s) => s.setLoading);
  const say = words().model.loading;
  return (
    <details>
      <summary>{say.title}</summary>
      <div className="fields">
        <QuantSettings disabled={disabled} />
        <Field label={say.tiles} hint={say.tilesHint}>
          {(attributes) => (
            <input
              {...attributes}
              type="number"
              {...limits}
              value={max_image_tiles ?? ""}
              disabled={disabled}
              placeholder={say.asModel}
              onChange={({ target: { valueAsNumber: n } }) =>
                setLoading({ max_image_tiles: n >= limits.min ? n : null })
              }
            />
          )}
        </Field>
        <Field label={say.pictures} hint={say.picturesHint}>
          {(attributes) => (
            <select
              {...attributes}
              value={do_image_splitting === null ? "checkpoint" : do_image_splitting ? "tiles" : "whole"}
              disabled={disabled}
              onChange={({ target: { value } }) =>
                setLoading({ do_image_splitting: splitting[value as keyof typeof splitting] })
              }
            >
              <option value="whole">{say.inOne}</option>
              <option value="tiles">{say.inTiles}</option>
              <option value="checkpoint">{say.asModel}</option>
            </select>
          )}
        </Field>
        <Field label={say.longest} hint={say.longestHint}>
          {(attributes) => (
            <select
              {...attributes}
              value={image_longest_edge ?? ""}
              disabled={disabled}
              onChange={({ target: { value } }) =>
                setLoading({ image_longest_edge: value === "" ? null : Number(value) })
              }
            >
              <option value="">{say.asModel}</option>
              {longestEdges.map((side) => (
                <option key={side} value={side}>
                  {say.pixels(side)}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label={say.largest} hint={say.largestHint}>
          {(attributes) => (
            <select
              {...attributes}
              value={max_pixels ?? ""}
              disabled={disabled}
              onChange={({ target: { value } }) => setLoading({ max_pixels: value === "" ? null : Number(value) })}
            >
              <option value="">{say.asModel}</option>
              {largest.map((side) => (
                <option key={side} value={side ** 2}>
                  {say.pictureTokens(String(side), (side / block) ** 2)}
                </option>
              ))}
            </select>
          )}
        </Field>
      </div>
    </details>
  );
}
