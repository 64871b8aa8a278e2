import "reflect-metadata";
import { AgentService } from "../../../src/domain/agent/agent.service";

/** When loaded before the server, makes it compare the expected version of an agent before it locks the row. */
const { update } = AgentService.prototype;

AgentService.prototype.update = async function (this: AgentService, input) {
  const { expectedVersion, ...changes } = input;
  const before = await this.find(input.id);
  if (expectedVersion !== undefined && before?.version !== expectedVersion) return update.call(this, input);
  return update.call(this, changes);
};
