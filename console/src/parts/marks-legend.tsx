import { AgentMark } from "./marks";
import { agentLevels, runtimePermissions } from "./permissions";

/** The legend of the marks of permissions. */
export function MarksLegend() {
  return (
    <div className="mt-6 flex flex-wrap gap-x-5 gap-y-2 text-xs text-text-3">
      {agentLevels.map(({ value, name }) => (
        <span key={value} className="inline-flex items-center gap-2">
          <AgentMark level={value} isDecoration />
          {name}
        </span>
      ))}
      <span aria-hidden="true" className="w-px bg-line" />
      {runtimePermissions.map(({ value, letter, name }) => (
        <span key={value}>
          <span className="font-semibold text-text">{letter}</span> {name}
        </span>
      ))}
    </div>
  );
}
