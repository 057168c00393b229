/** What can be dropped, with a small example of each form, and what happens then. In sight as long as there is no data. */
import { SEED_DATA_SET } from "../stores/hub-data.ts";
import { words } from "../words/index.ts";
import { type ExampleFile, exampleFiles, type FormName } from "./examples.ts";

function Example({ files }: { files: ExampleFile[] }) {
  return (
    <ul className="form-files" dir="ltr">
      {files.map(({ path, text }) => (
        <li key={path}>
          <code>{path}</code>
          {text && <pre>{text}</pre>}
        </li>
      ))}
    </ul>
  );
}

function FormList() {
  const say = words().data.forms;
  const examples = Object.entries(exampleFiles()) as [FormName, ExampleFile[]][];
  return (
    <>
      <ul className="forms">
        {examples.map(([form, files]) => (
          <li key={form}>
            <h4>{say[form].title}</h4>
            <Example files={files} />
            <p className="hint">{say[form].how}</p>
          </li>
        ))}
        <li>
          <h4>{say.parquet.title}</h4>
          <Example files={[{ path: "train-00000.parquet", text: "images, messages" }]} />
          <p className="hint">{say.parquet.how(SEED_DATA_SET)}</p>
        </li>
      </ul>
      <p className="detail">{say.also}</p>
      <p className="detail">{say.next}</p>
    </>
  );
}

/** `isOpen`: there is no data yet, and nothing else to look at. */
export function Forms({ isOpen }: { isOpen: boolean }) {
  const { title } = words().data.forms;
  if (isOpen) {
    return (
      <div className="formats">
        <h3>{title}</h3>
        <FormList />
      </div>
    );
  }
  return (
    <details className="formats">
      <summary>{title}</summary>
      <FormList />
    </details>
  );
}
