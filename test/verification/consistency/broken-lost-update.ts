import "reflect-metadata";
import { AgentService } from "../../../src/domain/agent/agent.service";

/** Loaded into a server before it starts: the version of an agent is compared before its row is held. */
const { update } = AgentService.prototype;

AgentService.prototype.update = async function (this: AgentService, input) {
  const { expectedVersion, ...changes } = input;
  const before = await this.find(input.id);
  if (expectedVersion !== undefined && before?.version !== expectedVersion) return update.call(this, input);
  return update.call(this, changes);
};
