/** The recipe as a file and as a link, and what one that came from outside has changed. */
import { Action } from "../parts/Action.tsx";
import { CopyButton } from "../parts/CopyButton.tsx";
import { download } from "../parts/download.ts";
import { PickButton } from "../parts/PickButton.tsx";
import { useRecipeFile } from "../stores/recipe-file.ts";
import { LONGEST_LINK, recipeLink, recipeObstacle, recipeText } from "../stores/recipe-text.ts";
import { useTraining } from "../stores/training.ts";
import { words } from "../words/index.ts";

function CopyLink({ obstacle }: { obstacle: string }) {
  const fields = useTraining((s) => s.fields);
  const say = words().recipe.file;
  const link = obstacle ? "" : recipeLink(fields, location.href);
  const tooLong = link.length > LONGEST_LINK ? say.tooLong : "";
  return (
    <CopyButton reason={obstacle || tooLong} text={() => link} copied={say.copied} refused={link}>
      {say.copy}
    </CopyButton>
  );
}

export function RecipeFile() {
  const fields = useTraining((s) => s.fields);
  const { told } = useRecipeFile();
  const { fill, undo, dismiss } = useRecipeFile.getState();
  const obstacle = recipeObstacle(fields);
  const say = words().recipe.file;
  const open = async (blob: Blob, name: string): Promise<void> => fill(await blob.text(), name);
  return (
    <>
      <details>
        <summary>{say.title}</summary>
        <div className="row centred">
          <Action
            reason={obstacle}
            onPress={() => download(new Blob([recipeText(fields)], { type: "application/json" }), "recipe.json")}
          >
            {say.save}
          </Action>
          <PickButton accept=".json" onPick={([file]) => void open(file!.blob, file!.path)}>
            {say.open}
          </PickButton>
          <CopyLink obstacle={obstacle} />
        </div>
        <p className="detail">{say.about}</p>
      </details>
      <div aria-live="polite" className="live">
        {told && (
          <div className="note row centred">
            <span>
              {told} {say.nothingStarted}
            </span>
            <Action onPress={undo}>{say.takeBack}</Action>
            <Action kind="quiet" onPress={dismiss}>
              {say.keep}
            </Action>
          </div>
        )}
      </div>
    </>
  );
}
