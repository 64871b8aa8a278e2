import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { request } from "../../api/client";
import { queryClient } from "../../api/queries";
import { PermissionMarks } from "../../parts/marks";
import { Card, Page } from "../../parts/page";
import { Problem } from "../../parts/problem";
import { useMay } from "../../parts/use-may";
import { NotFound } from "../shell/fallbacks";
import { KeyStatus } from "../keys/keys-table";
import { KeyActivity } from "./key-activity";
import { KeyFacts } from "./key-facts";
import { KeyUsage } from "./key-usage";
import { KeyPermissions } from "./key-permissions";
import { KeyDetailsDocument, type KeyDetailsQuery } from "./operations.generated";

const EditKey = lazy(() => import("./edit-key"));
const RotateKey = lazy(() => import("./rotate-key"));
const RevokeKey = lazy(() => import("./revoke-key"));

export type KeyDetails = NonNullable<KeyDetailsQuery["apiKey"]>;

/** Bounds how late a revocation by somebody else is seen. */
const pollIntervalMs = 1_500;

export function Key() {
  const { appId, keyId } = useParams({ from: "/apps/$appId/keys/$keyId" });
  const may = useMay();
  const [open, setOpen] = useState<"edit" | "rotate" | "revoke" | null>(null);
  const { data, error, refetch } = useQuery({
    queryKey: ["keys", "one", keyId],
    queryFn: ({ signal }) => request(KeyDetailsDocument, { id: keyId }, { signal }),
    refetchInterval: pollIntervalMs,
    // Nothing under a dialog with a secret changes.
    enabled: open !== "rotate",
  });
  if (!data) return <Page title="Key">{error && <Problem error={error} retry={() => void refetch()} />}</Page>;
  const key = data.apiKey;
  if (!key) return <NotFound />;
  const close = async () => {
    setOpen(null);
    await queryClient.invalidateQueries({ queryKey: ["keys"] });
  };
  const isActive = key.status === "ACTIVE";
  const scope = { appId, scopeId: key.scope.id };
  return (
    <Page
      title={key.name}
      tab={`${key.name}, key`}
      above={
        <>
          <Link to="/apps/$appId/scopes" params={{ appId }} className="link">
            Scopes
          </Link>
          {" / "}
          <Link to="/apps/$appId/scopes/$scopeId/keys" params={scope} className="link">
            <bdi>{key.scope.name}</bdi>
          </Link>
        </>
      }
      lead={
        <span className="flex flex-wrap items-center gap-x-4 gap-y-1">
          <KeyStatus status={key.status} revokesAt={key.revokesAt} />
          <code>{key.hint}</code>
          <PermissionMarks {...key.scope.permissions} />
        </span>
      }
      actions={
        <>
          {may("updateApiKey") && (
            <button type="button" className="btn" onClick={() => setOpen("edit")}>
              Edit
            </button>
          )}
          {isActive && !key.successor && may("rotateApiKey") && (
            <button type="button" className="btn" onClick={() => setOpen("rotate")}>
              Rotate
            </button>
          )}
          {isActive && may("revokeApiKeys") && (
            <button type="button" className="btn btn-danger" onClick={() => setOpen("revoke")}>
              Revoke
            </button>
          )}
        </>
      }
    >
      {error && <Problem error={error} retry={() => void refetch()} />}
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <div className="flex min-w-0 flex-col gap-4">
          <Card title="About this key">
            <KeyFacts appId={appId} apiKey={key} />
          </Card>
          {(may("runs") || may("revokeApiKeys")) && <KeyActivity appId={appId} apiKey={key} />}
          {may("usage") && <KeyUsage appId={appId} apiKey={key} />}
        </div>
        <Card title="What it may do">
          <KeyPermissions appId={appId} apiKey={key} />
        </Card>
      </div>
      <Suspense>
        {open === "edit" && <EditKey apiKey={key} onClose={() => void close()} />}
        {open === "rotate" && <RotateKey apiKey={key} onClose={() => void close()} />}
        {open === "revoke" && <RevokeKey apiKey={key} onClose={() => void close()} />}
      </Suspense>
    </Page>
  );
}
