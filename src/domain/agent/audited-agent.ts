import type { AuditedFields } from "../audit/audited-fields";
import type { AuditedAction } from "../audit/audit-log";
import type { Agent } from "./agent.entity";

/** The fields of an agent in the audit log. */
export const auditedAgent = (agent: Agent): AuditedFields => {
  const { name, description, instructions, model, temperature, maxOutputTokens } = agent;
  const { timeoutSeconds, onInterrupt, enabled, tools } = agent;
  return {
    ...{ name, description, instructions, model, temperature, maxOutputTokens },
    ...{ timeoutSeconds, onInterrupt, enabled, tools },
  };
};

export const auditedUpdate = (before: Agent, after: Agent): AuditedAction => ({
  appId: after.appId,
  target: after,
  before: auditedAgent(before),
  after: auditedAgent(after),
});
