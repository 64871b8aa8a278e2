import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { buildSchema } from "graphql";
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { request } from "../../api/client";
import { ConsoleViewerDocument } from "../../api/operations.generated";
import { consoleUrl } from "../../api/place";
import { parseRequirements } from "../../api/requirements";
import { schemaTextQuery } from "../../api/schema-text";
import { appChoices, chosenOne, scopeChoices } from "../../parts/choices";
import { TextArea } from "../../parts/fields";
import { Page } from "../../parts/page";
import { Picker } from "../../parts/picker";
import { Problem } from "../../parts/problem";
import { useAction } from "../../parts/use-action";
import { AnswerView } from "./answer-view";
import { ExplorerAppDocument, ExplorerScopeDocument } from "./operations.generated";
import { type Answer, runOperation } from "./run-operation";
import { verdictOf } from "./verdict";
import { VerdictView } from "./verdict-view";

const Editor = lazy(() => import("./editor"));

const sandboxUrl = new URL("../graphql?sandbox", consoleUrl).href;

const firstOperation = `# Control or Command with Enter sends it.
query Viewer {
  viewer {
    kind
    name
    permissions {
      agents
      runtime
    }
  }
}
`;

/** Any operation of the API, as oneself or as a key of a scope would send it; the verdict is shown before. */
export function Explorer() {
  const search = useSearch({ from: "/explorer" });
  const navigate = useNavigate({ from: "/explorer" });
  const [text, setText] = useState(firstOperation);
  const [variables, setVariables] = useState("");
  const [answer, setAnswer] = useState<Answer | null>(null);
  const abort = useRef<AbortController>(undefined);
  useEffect(() => () => abort.current?.abort(), []);
  const schemaText = useQuery(schemaTextQuery);
  const schema = useMemo(() => (schemaText.data ? buildSchema(schemaText.data) : undefined), [schemaText.data]);
  const requirements = useMemo(() => parseRequirements(schemaText.data ?? ""), [schemaText.data]);
  const { app: appId = "", scope: scopeId = "" } = search;
  const app = useQuery({
    queryKey: ["apps", "one", appId],
    queryFn: ({ signal }) => request(ExplorerAppDocument, { id: appId }, { signal }),
    enabled: appId !== "",
  });
  const chosen = useQuery({
    queryKey: ["scopes", "explorer", scopeId],
    queryFn: ({ signal }) => request(ExplorerScopeDocument, { id: scopeId }, { signal }),
    enabled: scopeId !== "",
  });
  const viewer = useQuery({
    queryKey: ["viewer"],
    queryFn: ({ signal }) => request(ConsoleViewerDocument, {}, { signal }),
  });
  const scope = chosen.data?.scope;
  const me = viewer.data?.viewer;
  const own = me && { ...me.permissions, role: me.role ?? undefined, isConfined: me.appIds !== null };
  const grants = scopeId === "" ? own : scope?.permissions;
  const verdict = grants ? verdictOf(text, requirements, grants) : null;
  const { run, isPending, error } = useAction(async () => {
    abort.current?.abort();
    abort.current = new AbortController();
    const isSubscription = verdict?.kind === "subscription";
    const { signal } = abort.current;
    await runOperation({ text, variables, asScope: scopeId || undefined, isSubscription, signal, onAnswer: setAnswer });
  });
  return (
    <Page
      title="Explorer"
      lead={
        <>
          Any operation of the API, with completion and what each field requires. There is{" "}
          <a className="link underline" href={sandboxUrl} target="_blank" rel="noopener noreferrer">
            Apollo Sandbox
          </a>{" "}
          too, with a key.
        </>
      }
    >
      <div className="mb-3 flex flex-wrap items-end gap-3">
        <div className="w-56">
          <Picker
            label="App"
            choices={appChoices}
            value={appId === "" ? undefined : chosenOne(appId, app.data?.app)}
            none="none"
            onChoose={(one) => void navigate({ search: { app: one?.id }, replace: true })}
          />
        </div>
        <div className="w-56">
          <Picker
            key={appId}
            label="As a key of"
            choices={scopeChoices(appId)}
            value={scopeId === "" ? undefined : chosenOne(scopeId, scope)}
            none="no scope, as yourself"
            disabled={appId === ""}
            onChoose={(one) => void navigate({ search: { app: appId, scope: one?.id }, replace: true })}
          />
        </div>
        <button type="button" className="btn btn-primary" aria-disabled={isPending} onClick={() => void run()}>
          {isPending ? "Running…" : "Run"}
        </button>
        {isPending && (
          <button type="button" className="btn" onClick={() => abort.current?.abort()}>
            Stop
          </button>
        )}
      </div>
      <VerdictView verdict={verdict} />
      <Problem error={schemaText.error ?? app.error ?? chosen.error ?? error} />
      <div className="mt-3 grid items-stretch gap-4 lg:grid-cols-2">
        <div className="flex min-w-0 flex-col gap-3">
          <div className="card h-[420px] overflow-hidden">
            <Suspense>
              {schema && <Editor schema={schema} text={text} onChange={setText} onRun={() => void run()} />}
            </Suspense>
          </div>
          <TextArea
            label="Variables"
            optional
            rows={3}
            dir="ltr"
            className="font-mono text-sm"
            placeholder='{ "id": "…" }'
            spellCheck={false}
            error={isJson(variables) ? undefined : "This is not valid JSON."}
            value={variables}
            onChange={({ target }) => setVariables(target.value)}
          />
        </div>
        <AnswerView answer={answer} />
      </div>
    </Page>
  );
}

function isJson(text: string): boolean {
  if (text.trim() === "") return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
