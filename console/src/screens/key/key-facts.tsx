import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Clock, Name, Time } from "../../parts/text";
import { formatNumber } from "../../parts/format";
import { limitNames, type LimitName } from "../scope-editor/draft";
import type { KeyDetails } from "./key";

/** Everything that is known about a key. */
export function KeyFacts({ appId, apiKey }: { appId: string; apiKey: KeyDetails }) {
  const limits = (Object.entries(limitNames) as [LimitName, string][]).filter(
    ([limit]) => apiKey.limits[limit] !== null,
  );
  return (
    <dl className="facts">
      {apiKey.revokedAt && (
        <Fact name="Revoked">
          <Time at={apiKey.revokedAt} focusable />
          {apiKey.revokedBy && (
            <>
              {" by "}
              <Name>{apiKey.revokedBy}</Name>
            </>
          )}
          <span className="block text-sm text-text-2">
            Refused since <Clock at={apiKey.revokedAt} />, on every server.
          </span>
        </Fact>
      )}
      {apiKey.revokedReason && (
        <Fact name="Reason">
          <bdi>{apiKey.revokedReason}</bdi>
        </Fact>
      )}
      {apiKey.description && (
        <Fact name="Description">
          <bdi>{apiKey.description}</bdi>
        </Fact>
      )}
      <Fact name="Owner">{apiKey.owner ? <Name>{apiKey.owner}</Name> : <None />}</Fact>
      <Fact name="Environment">{apiKey.environment ? <Name>{apiKey.environment}</Name> : <None />}</Fact>
      <Fact name="Tags">{apiKey.tags.length > 0 ? <bdi>{apiKey.tags.join(", ")}</bdi> : <None />}</Fact>
      <Fact name="Created">
        <Time at={apiKey.createdAt} focusable />
        {apiKey.createdBy && (
          <>
            {" by "}
            <Name>{apiKey.createdBy}</Name>
          </>
        )}
      </Fact>
      <Fact name="Last used">
        <Time at={apiKey.lastUsedAt} none="never" focusable />
        {apiKey.lastUsedFrom && (
          <>
            {" from "}
            <code>{apiKey.lastUsedFrom}</code>
          </>
        )}
      </Fact>
      <Fact name="Addresses">
        {apiKey.allowedAddresses.length > 0 ? <code>{apiKey.allowedAddresses.join(", ")}</code> : "any"}
        {apiKey.scope.allowedAddresses.length > 0 && (
          <span className="block text-sm text-text-2">
            The scope allows <code>{apiKey.scope.allowedAddresses.join(", ")}</code>
          </span>
        )}
      </Fact>
      {limits.map(([limit, name]) => (
        <Fact key={limit} name={name}>
          {formatNumber(apiKey.limits[limit] ?? 0)}
        </Fact>
      ))}
      {apiKey.predecessor && (
        <Fact name="Replaces">
          <KeyLink appId={appId} other={apiKey.predecessor} />
        </Fact>
      )}
      {apiKey.successor && (
        <Fact name="Replaced by">
          <KeyLink appId={appId} other={apiKey.successor} />
        </Fact>
      )}
      {apiKey.revokesAt && apiKey.status === "ACTIVE" && (
        <Fact name="Overlap ends">
          <Time at={apiKey.revokesAt} focusable />
        </Fact>
      )}
    </dl>
  );
}

const None = () => <span className="text-text-3">–</span>;

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function KeyLink({
  appId,
  other,
}: {
  appId: string;
  other: { id: string; name: string; hint: string; status: string };
}) {
  return (
    <>
      <Link to="/apps/$appId/keys/$keyId" params={{ appId, keyId: other.id }} className="link">
        <Name>{other.name}</Name>
      </Link>{" "}
      <code className="text-text-2">{other.hint}</code>
      {other.status !== "ACTIVE" && <span className="text-text-3"> revoked</span>}
    </>
  );
}
