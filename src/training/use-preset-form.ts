/** The form as its preset makes it, to tell what differs. */
import { useShallow } from "zustand/react/shallow";
import { useBeginning } from "../stores/beginning.ts";
import { useDataset } from "../stores/dataset.ts";
import { useModel } from "../stores/model.ts";
import { ownEvaluation } from "../stores/own-evaluation.ts";
import { type Fields, fieldsOf } from "../stores/presets.ts";
import { useTraining } from "../stores/training.ts";

/** Of fields that the data decides where nobody has: what it decides, so that they count as the preset's. */
export function usePresetForm(): Fields {
  // A step of a run changes none of these: the form is not worked out anew at each.
  const { preset, fields, plan } = useTraining(
    useShallow((s) => ({ preset: s.preset, fields: s.fields, plan: s.plan })),
  );
  const data = useDataset((s) => s.info);
  // A preset is of a model, and of the adapter that a run begins with.
  useModel((s) => s.info);
  useBeginning((s) => s.run);
  return { ...fieldsOf(preset), ...ownEvaluation(fields, { preset, data, planned: plan?.steps ?? 0 }) };
}
