import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { request } from "../../api/client";
import { fieldErrors } from "../../api/errors";
import { queryClient } from "../../api/queries";
import { TextArea, TextField } from "../../parts/fields";
import { formatNumber } from "../../parts/format";
import { notify } from "../../parts/notices";
import { Card, Page } from "../../parts/page";
import { Problem } from "../../parts/problem";
import { Time } from "../../parts/text";
import { useAction } from "../../parts/use-action";
import { NotFound } from "../shell/fallbacks";
import { type AppLimit, limitGroups } from "./limits";
import { AppSettingsDocument, type AppSettingsQuery, SaveAppSettingsDocument } from "./operations.generated";

const CallbackSecret = lazy(() => import("./callback-secret"));

export function Settings() {
  const { appId } = useParams({ from: "/apps/$appId/settings" });
  const { data, error, refetch } = useQuery({
    queryKey: ["app-settings", appId],
    queryFn: ({ signal }) => request(AppSettingsDocument, { id: appId }, { signal }),
  });
  if (!data) return <Page title="Settings">{error && <Problem error={error} retry={() => void refetch()} />}</Page>;
  return data.app ? <Form key={appId} app={data.app} counts={data} /> : <NotFound />;
}

type AppSettings = NonNullable<AppSettingsQuery["app"]>;

const textsOf = ({ limits }: AppSettings): Record<string, string> =>
  Object.fromEntries(Object.entries(limits).map(([name, value]) => [name, value === null ? "" : String(value)]));

/** The name and the limits of an app. Only limits that were changed are sent. */
function Form({ app, counts }: { app: AppSettings; counts: AppSettingsQuery }) {
  const [name, setName] = useState(app.name);
  const [description, setDescription] = useState(app.description);
  const [stored, setStored] = useState(() => textsOf(app));
  const [limits, setLimits] = useState(stored);
  const [isReplacing, setIsReplacing] = useState(false);
  const used: Partial<Record<AppLimit, { totalCount: number; totalCountIsExact: boolean }>> = {
    scopes: counts.scopes,
    agents: counts.agents,
    sessions: counts.activeSessions,
  };
  const changed = Object.keys(limits).filter((limit) => limits[limit] !== stored[limit]);
  const { run, isPending, error } = useAction(async () => {
    const given = Object.fromEntries(
      changed.map((limit) => {
        const text = limits[limit]?.trim() ?? "";
        return [limit, text === "" ? null : Number(text)];
      }),
    );
    await request(SaveAppSettingsDocument, { input: { id: app.id, name, description, limits: given } });
    setStored(limits);
    await queryClient.invalidateQueries({ queryKey: ["apps"] });
    await queryClient.invalidateQueries({ queryKey: ["app-settings"] });
    notify("Saved. New limits are in effect.");
  });
  const faults = fieldErrors(error);
  return (
    <Page title="Settings" tab={`Settings of ${app.name}`}>
      <form
        noValidate
        className="flex max-w-[920px] flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <div className="card flex flex-col gap-4 p-4">
          <TextField
            label="Name"
            value={name}
            maxLength={120}
            error={faults["name"]}
            onChange={({ target }) => setName(target.value)}
          />
          <TextArea
            label="Description"
            optional
            rows={2}
            value={description}
            error={faults["description"]}
            onChange={({ target }) => setDescription(target.value)}
          />
        </div>
        {limitGroups.map((group) => (
          <Card key={group.title} title={`Limits: ${group.title.toLowerCase()}`}>
            <div className="grid gap-4 p-4 sm:grid-cols-2">
              {group.limits.map(([limit, label]) => {
                const now = used[limit];
                const hint = now && `${formatNumber(now.totalCount)}${now.totalCountIsExact ? "" : "+"} used`;
                return (
                  <TextField
                    key={limit}
                    label={label}
                    dir="ltr"
                    inputMode="numeric"
                    placeholder="no limit"
                    hint={hint}
                    value={limits[limit] ?? ""}
                    error={
                      faults[limit] ?? (/^\d*$/.test(limits[limit]?.trim() ?? "") ? undefined : "Enter a whole number.")
                    }
                    onChange={({ target }) => setLimits({ ...limits, [limit]: target.value })}
                  />
                );
              })}
            </div>
          </Card>
        ))}
        <Problem error={error} />
        <div className="flex gap-2">
          <button type="submit" className="btn btn-primary" aria-disabled={isPending}>
            {isPending ? "Saving…" : "Save"}
          </button>
        </div>
      </form>
      <div className="mt-8 max-w-[920px]">
        <Card
          title="Callbacks"
          actions={
            <button type="button" className="btn btn-small" onClick={() => setIsReplacing(true)}>
              {app.callbackSecretCreatedAt ? "Replace the secret" : "Create the secret"}
            </button>
          }
        >
          <p className="px-4 py-3 text-text-2">
            {app.callbackSecretCreatedAt ? (
              <>
                The secret that signs callbacks was made <Time at={app.callbackSecretCreatedAt} focusable />.
              </>
            ) : (
              "There is no secret yet that signs callbacks."
            )}
          </p>
        </Card>
      </div>
      <Suspense>
        {isReplacing && (
          <CallbackSecret
            appId={app.id}
            isFirst={app.callbackSecretCreatedAt === null}
            onClose={() => {
              setIsReplacing(false);
              void queryClient.invalidateQueries({ queryKey: ["app-settings"] });
            }}
          />
        )}
      </Suspense>
    </Page>
  );
}
