import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { request } from "../../api/client";
import { Segments } from "../../parts/fields";
import { truncateMiddle } from "../../parts/format";
import { Empty, Page } from "../../parts/page";
import { Pager } from "../../parts/pager";
import { Problem } from "../../parts/problem";
import { Table } from "../../parts/table";
import { Name, Time } from "../../parts/text";
import { usePages } from "../../parts/use-pages";
import { withoutSecret } from "../../parts/without-secret";
import { type SessionFilter, SessionsDocument } from "./operations.generated";
import { SessionState } from "./states";

const route = "/apps/$appId/sessions";
const statuses = [
  { value: "all", name: "All" },
  { value: "ACTIVE", name: "Active" },
  { value: "TERMINATED", name: "Terminated" },
] as const;

/** The sessions of an app, newest first. */
export function Sessions() {
  const { appId } = useParams({ from: route });
  const { status, reference, user } = useSearch({ from: route });
  const navigate = useNavigate({ from: route });
  const pages = usePages(JSON.stringify([appId, status, reference, user]));
  const filter: SessionFilter = {
    ...(status === "ACTIVE" || status === "TERMINATED" ? { status } : {}),
    ...(reference ? { reference } : {}),
    ...(user ? { userReference: user } : {}),
  };
  const { data, error, refetch } = useQuery({
    queryKey: ["sessions", appId, filter, pages.page],
    queryFn: ({ signal }) => request(SessionsDocument, { appId, filter, ...pages.page }, { signal }),
    placeholderData: keepPreviousData,
  });
  const sessions = data?.sessions.nodes;
  const change = (part: { status?: string | undefined; reference?: string | undefined; user?: string | undefined }) =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace: true, resetScroll: false });
  const isFiltered = Object.keys(filter).length > 0;
  return (
    <Page title="Sessions" lead="A session is a conversation: the messages and documents that an agent sees.">
      <div className="mb-3 flex flex-wrap items-center gap-3">
        <Segments
          label="Which sessions"
          value={statuses.find(({ value }) => value === status)?.value ?? "all"}
          options={statuses}
          onChange={(value) => change({ status: value === "all" ? undefined : value })}
        />
        <form
          key={`${reference ?? ""} ${user ?? ""}`}
          className="flex flex-wrap gap-3"
          onSubmit={(event) => {
            event.preventDefault();
            const form = new FormData(event.currentTarget);
            const text = (name: string) => {
              const value = form.get(name);
              return typeof value === "string" && value !== "" ? withoutSecret(value) : undefined;
            };
            change({ reference: text("reference"), user: text("user") });
          }}
        >
          <input
            name="reference"
            className="input w-48!"
            aria-label="Reference"
            placeholder="Reference"
            defaultValue={reference ?? ""}
            dir="auto"
          />
          <input
            name="user"
            className="input w-48!"
            aria-label="User"
            placeholder="User"
            defaultValue={user ?? ""}
            dir="auto"
          />
          <button type="submit" className="btn">
            Find
          </button>
        </form>
      </div>
      <Problem error={error} retry={() => void refetch()} />
      {sessions?.length === 0 && pages.number === 1 ? (
        <Empty title={isFiltered ? "No session matches" : "There is no session yet"}>
          {!isFiltered && "An execution opens one; so does trying an agent."}
        </Empty>
      ) : (
        (data ?? !error) && (
          <Table heads={["Session", "State", "User", "Opened", "Last activity"]}>
            {sessions?.map((session) => (
              <tr key={session.id}>
                <td className="name">
                  <Link
                    to="/apps/$appId/sessions/$sessionId"
                    params={{ appId, sessionId: session.id }}
                    className="link font-medium"
                  >
                    {session.reference ? (
                      <Name>{session.reference}</Name>
                    ) : (
                      <code data-tip={session.id}>{truncateMiddle(session.id, 18)}</code>
                    )}
                  </Link>
                </td>
                <td>
                  <SessionState status={session.status} />
                </td>
                <td className="text-text-2">{session.userReference && <Name>{session.userReference}</Name>}</td>
                <td className="text-text-2">
                  <Time at={session.createdAt} />
                </td>
                <td className="text-text-2">
                  <Time at={session.lastActivityAt} />
                </td>
              </tr>
            ))}
          </Table>
        )
      )}
      <Pager pages={pages} list={data?.sessions} noun="session" />
    </Page>
  );
}
