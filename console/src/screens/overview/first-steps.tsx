import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Verdict } from "../../parts/marks";
import { Card } from "../../parts/page";

interface FirstStepsProps {
  readonly appId: string;
  readonly agentId: string | undefined;
  readonly scopeId: string | undefined;
  readonly hasKey: boolean;
}

/** The four steps from an empty app to a first call with a key, each with its button. */
export function FirstSteps({ appId, agentId, scopeId, hasKey }: FirstStepsProps) {
  const steps: { name: string; says: string; isDone: boolean; action: ReactNode }[] = [
    {
      name: "Create an agent",
      says: "The built-in model answers from documents and needs no provider.",
      isDone: agentId !== undefined,
      action: (
        <Link to="/apps/$appId/agents/new" params={{ appId }} className="btn">
          New Agent
        </Link>
      ),
    },
    {
      name: "Create a scope",
      says: "It says what its keys may do. The preset Runner executes agents.",
      isDone: scopeId !== undefined,
      action: (
        <Link to="/apps/$appId/scopes/new" params={{ appId }} className="btn">
          New Scope
        </Link>
      ),
    },
    {
      name: "Make a key",
      says: "Its secret is shown once.",
      isDone: hasKey,
      action: scopeId && (
        <Link to="/apps/$appId/scopes/$scopeId/keys" params={{ appId, scopeId }} className="btn">
          Manage Keys
        </Link>
      ),
    },
    {
      name: "Make the first call",
      says: "The dialog with the secret has it ready to paste. Here you can try the agent first.",
      isDone: false,
      action: agentId && (
        <Link to="/apps/$appId/try" params={{ appId }} search={{ agent: agentId }} className="btn">
          Try the agent
        </Link>
      ),
    },
  ];
  return (
    <Card title="First steps">
      <ol>
        {steps.map(({ name, says, isDone, action }, index) => (
          <li
            key={name}
            className="flex min-h-14 flex-wrap items-center justify-between gap-3 border-b border-line px-4 py-2 last:border-b-0"
          >
            <span>
              <Verdict tone={isDone ? "allow" : "busy"}>
                <span className="font-medium">
                  {index + 1}. {name}
                </span>
                {isDone && <span className="text-text-2"> – done</span>}
              </Verdict>
              <span className="block pl-4 text-sm text-text-2">{says}</span>
            </span>
            {!isDone && action}
          </li>
        ))}
      </ol>
    </Card>
  );
}
