/** How the next model is loaded: what to do when GPU memory is short. */
import { limitsOf } from "../../workers/recipe.ts";
import { Field } from "../parts/Field.tsx";
import { withModule } from "../parts/loading.ts";
import { useModel } from "../stores/model.ts";

const limits = limitsOf("max_image_tiles");
const splitting = { whole: false, tiles: true, checkpoint: null };
const quantisable = [
  { module: "vision_tower", label: "Vision tower", hint: "4 bits take a third of the memory" },
  { module: "multi_modal_projector", label: "Projector", hint: "small: 4 bits save little" },
] as const;
const longestEdges = [512, 1024, 1536, 2048];

/** What is in 4 bits, and in which. */
function QuantSettings({ disabled }: { disabled: boolean }) {
  const loading = useModel((s) => s.loading);
  const { load_in_4bit, bnb_4bit_quant_type, bnb_4bit_use_double_quant, quantize_modules } = loading;
  const setLoading = useModel((s) => s.setLoading);
  return (
    <>
      <Field label="4-bit format" hint="FP4 is what bitsandbytes takes where nothing is said">
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
            <option value="none">none: all as in the checkpoint</option>
          </select>
        )}
      </Field>
      {load_in_4bit &&
        quantisable.map(({ module, label, hint }) => (
          <Field key={module} label={label} hint={hint}>
            {(attributes) => (
              <select
                {...attributes}
                value={quantize_modules.includes(module) ? "4bit" : "whole"}
                disabled={disabled}
                onChange={({ target: { value } }) =>
                  setLoading({ quantize_modules: withModule(quantize_modules, module, value === "4bit") })
                }
              >
                <option value="whole">as in the checkpoint</option>
                <option value="4bit">in 4 bits: less memory</option>
              </select>
            )}
          </Field>
        ))}
      {load_in_4bit && (
        <Field label="Double quantisation" hint="scales rounded as bitsandbytes does; saves no memory here">
          {(attributes) => (
            <select
              {...attributes}
              value={bnb_4bit_use_double_quant ? "on" : "off"}
              disabled={disabled}
              onChange={({ target: { value } }) => setLoading({ bnb_4bit_use_double_quant: value === "on" })}
            >
              <option value="off">off</option>
              <option value="on">on</option>
            </select>
          )}
        </Field>
      )}
    </>
  );
}

export function LoadingSettings({ disabled }: { disabled: boolean }) {
  const { max_image_tiles, do_image_splitting, image_longest_edge } = useModel((s) => s.loading);
  const setLoading = useModel((s) => s.setLoading);
  return (
    <details>
      <summary>Loading settings</summary>
      <div className="fields">
        <QuantSettings disabled={disabled} />
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
