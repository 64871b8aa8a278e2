import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { request } from "../../api/client";
import { agentChoices, choicesQuery, chosenOne, scopeChoices } from "../../parts/choices";
import { PermissionMarks } from "../../parts/marks";
import { Empty, Page } from "../../parts/page";
import { Picker } from "../../parts/picker";
import { Problem } from "../../parts/problem";
import { Composer } from "./composer";
import { TriedAgentDocument, TriedScopeDocument } from "./operations.generated";
import { TurnView } from "./turn-view";
import { useConversation } from "./use-conversation";

const route = "/apps/$appId/try";

/** A conversation with an agent, as the administrator or as a key of a scope would have it. */
export function TryAgent() {
  const { appId } = useParams({ from: route });
  const search = useSearch({ from: route });
  const navigate = useNavigate({ from: route });
  const first = useQuery(choicesQuery(agentChoices(appId), null));
  const agentId = search.agent ?? first.data?.nodes.find(({ enabled }) => enabled)?.id ?? "";
  const agent = useQuery({
    queryKey: ["agents", "tried", agentId],
    queryFn: ({ signal }) => request(TriedAgentDocument, { id: agentId }, { signal }),
    enabled: agentId !== "",
  });
  const scopeId = search.scope ?? "";
  const tried = useQuery({
    queryKey: ["scopes", "tried", scopeId],
    queryFn: ({ signal }) => request(TriedScopeDocument, { id: scopeId }, { signal }),
    enabled: scopeId !== "",
  });
  const scope = tried.data?.scope;
  const conversation = useConversation({
    appId,
    agentId: agentId || undefined,
    sessionId: search.session,
    asScope: search.scope,
    onSession: (session) =>
      void navigate({ search: (before) => ({ ...before, session }), replace: true, resetScroll: false }),
  });
  const change = (part: { agent?: string; scope?: string | undefined }) =>
    void navigate({ search: { agent: agentId || undefined, scope: search.scope, ...part }, replace: true });
  return (
    <Page
      title="Try an agent"
      actions={
        search.session && (
          <>
            <Link to="/apps/$appId/sessions/$sessionId" params={{ appId, sessionId: search.session }} className="btn">
              The session
            </Link>
            <button type="button" className="btn" onClick={() => change({})}>
              New conversation
            </button>
          </>
        )
      }
    >
      <Problem error={first.error ?? agent.error ?? tried.error} />
      {first.data?.nodes.length === 0 ? (
        <Empty
          title="There is no agent to try"
          action={
            <Link to="/apps/$appId/agents/new" params={{ appId }} className="btn">
              New Agent
            </Link>
          }
        />
      ) : (
        <div className="flex max-w-[820px] flex-col gap-4">
          <div className="grid gap-3 sm:grid-cols-2">
            <Picker
              label="Agent"
              hint={agent.data?.agent?.enabled === false ? "It is disabled, and is not executed." : undefined}
              choices={agentChoices(appId)}
              value={agentId === "" ? undefined : chosenOne(agentId, agent.data?.agent)}
              onChoose={(one) => one && change({ agent: one.id })}
            />
            <Picker
              label="As a key of"
              choices={scopeChoices(appId)}
              value={scopeId === "" ? undefined : chosenOne(scopeId, scope)}
              none="no scope, as yourself"
              onChoose={(one) => change({ scope: one?.id })}
            />
          </div>
          {scope && (
            <p className="flex flex-wrap items-center gap-3 text-sm text-text-2">
              <PermissionMarks {...scope.permissions} />
              Refusals are shown as a key of this scope would see them.
            </p>
          )}
          <Problem error={conversation.loadError} />
          <ol className="flex flex-col gap-6" aria-label="Conversation">
            {conversation.turns.map((turn, index) => (
              <TurnView
                key={turn.runId ?? `new-${String(index)}`}
                appId={appId}
                turn={turn}
                onStop={conversation.stop}
              />
            ))}
          </ol>
          <Composer
            isBusy={conversation.isBusy}
            uploads={conversation.uploads}
            onAsk={(question) => void conversation.ask(question)}
            onAttach={(file) => void conversation.attach(file)}
          />
        </div>
      )}
    </Page>
  );
}
