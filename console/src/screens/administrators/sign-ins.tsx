import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { request } from "../../api/client";
import { queryClient } from "../../api/queries";
import { notify } from "../../parts/notices";
import { Pager } from "../../parts/pager";
import { Problem } from "../../parts/problem";
import { Table } from "../../parts/table";
import { Name, Time } from "../../parts/text";
import { useAction } from "../../parts/use-action";
import { useMay } from "../../parts/use-may";
import { usePages } from "../../parts/use-pages";
import { EndSignInDocument, SignInsDocument } from "./operations.generated";

/** The open sessions of the console by browser; each can be signed out. */
export function SignIns() {
  const may = useMay();
  const pages = usePages("sign-ins");
  const { data, error, refetch } = useQuery({
    queryKey: ["sign-ins", pages.page],
    queryFn: ({ signal }) => request(SignInsDocument, pages.page, { signal }),
    placeholderData: keepPreviousData,
  });
  const end = useAction(async (id: string, name: string) => {
    await request(EndSignInDocument, { input: { id } });
    await queryClient.invalidateQueries({ queryKey: ["sign-ins"] });
    notify(`“${name}” is signed out of that browser.`);
  });
  const sessions = data?.consoleSessions.nodes ?? [];
  return (
    <section className="mt-8" aria-labelledby="sign-ins-title">
      <h2 id="sign-ins-title" className="mb-2">
        Signed in at the console
      </h2>
      <Problem error={error} retry={() => void refetch()} />
      <Problem error={end.error} />
      {sessions.length > 0 && (
        <Table
          heads={["Name", "From", "Browser", "Signed in", "Last seen"]}
          buttons="End"
          label="Signed in at the console"
        >
          {sessions.map((session) => (
            <tr key={session.id}>
              <td className="font-medium">
                <Name max={32}>{session.name}</Name>
              </td>
              <td className="text-text-2">
                <code>{session.address}</code>
              </td>
              <td className="text-text-2">
                <Name max={48}>{session.userAgent}</Name>
              </td>
              <td className="text-text-2">
                <Time at={session.createdAt} />
              </td>
              <td className="text-text-2">
                <Time at={session.lastSeenAt} />
              </td>
              <td className="fit">
                {session.isCurrent ? (
                  <span className="text-sm text-text-3">this browser</span>
                ) : (
                  may("endConsoleSession") && (
                    <button
                      type="button"
                      className="btn btn-small"
                      aria-label={`Sign out ${session.name}, ${session.address}`}
                      onClick={() => void end.run(session.id, session.name)}
                    >
                      Sign out
                    </button>
                  )
                )}
              </td>
            </tr>
          ))}
        </Table>
      )}
      <Pager pages={pages} list={data?.consoleSessions} noun="session" />
    </section>
  );
}
