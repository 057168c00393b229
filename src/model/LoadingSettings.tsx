/** How the next model is loaded: what to do when GPU memory is short. */
import { limitsOf, PICTURE_SIDES } from "../../workers/recipe.ts";
import { speedsOf } from "../page/speed.ts";
import { useApp } from "../page/store.ts";
import { Field } from "../parts/Field.tsx";
import { withModule } from "../parts/loading.ts";
import { useModel } from "../stores/model.ts";
import { words } from "../words/index.ts";
import { pixelCostWords, tokensOf, workOfChosen } from "./pixel-cost.ts";

const limits = limitsOf("max_image_tiles");
const splitting = { whole: false, tiles: true, checkpoint: null };
const quantisable = ["vision_tower", "multi_modal_projector"] as const;
const longestEdges = [512, 1024, 1536, 2048];

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

/** Between how many pixels a picture at free size is: no limit that the other one rules out can be chosen. */
function PixelLimits({ disabled }: { disabled: boolean }) {
  const { min_pixels, max_pixels } = useModel((s) => s.loading);
  const setLoading = useModel((s) => s.setLoading);
  const say = words().model.loading;
  const limits = [
    ["max_pixels", max_pixels, say.largest, say.largestHint],
    ["min_pixels", min_pixels, say.smallest, say.smallestHint],
  ] as const;
  const isRuledOut = (key: "min_pixels" | "max_pixels", pixels: number): boolean =>
    key === "max_pixels" ? pixels < (min_pixels ?? 0) : pixels > (max_pixels ?? Number.POSITIVE_INFINITY);
  return limits.map(([key, pixels, label, hint]) => (
    <Field key={key} label={label} hint={hint}>
      {(attributes) => (
        <select
          {...attributes}
          value={pixels ?? ""}
          disabled={disabled}
          onChange={({ target: { value } }) => setLoading({ [key]: value === "" ? null : Number(value) })}
        >
          <option value="">{say.asModel}</option>
          {PICTURE_SIDES.map((side) => (
            <option key={side} value={side ** 2} disabled={isRuledOut(key, side ** 2)}>
              {say.pictureTokens(String(side), tokensOf(side))}
            </option>
          ))}
        </select>
      )}
    </Field>
  ));
}

/** What these limits cost with the model that is chosen. */
function PixelCost() {
  const model = useModel();
  const adapter = useApp((s) => s.capability?.adapter);
  const told = pixelCostWords(model.loading, workOfChosen(model), adapter && speedsOf(adapter));
  return (
    <p aria-live="polite" className="detail">
      {told}
    </p>
  );
}

export function LoadingSettings({ disabled }: { disabled: boolean }) {
  const { max_image_tiles, do_image_splitting, image_longest_edge } = useModel((s) => s.loading);
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
        <PixelLimits disabled={disabled} />
      </div>
      <PixelCost />
    </details>
  );
}
