import { type AgentLevel, agentLevels, describePermissions, type RuntimeName, runtimePermissions } from "./permissions";

const barHeights = [4, 7, 10, 13];
const barsOf: Readonly<Record<AgentLevel, number>> = { NONE: 0, VIEW: 1, EDIT: 2, FULL: 4 };

/** Capitals as strokes instead of text, as fonts differ: 9 high, with their foot on the line of the bars. */
const letters: Readonly<Record<RuntimeName, string>> = {
  RUN: "M1.6 13V4.9H4.5a2.35 2.35 0 0 1 0 4.7H1.6M4.4 9.6 6.9 12.6",
  SESSION_CREATE: "M7.3 6.4A3.5 3.62 0 1 0 7.3 10.6",
  SESSION_TERMINATE: "M.9 4.9H7.5M4.2 4.9V13",
  DOCUMENT_UPLOAD: "M1.6 4.9H3.6a3.6 3.6 0 0 1 0 7.2H1.6Z",
  SESSION_VIEW: "M.9 4 4.2 10.7 7.5 4",
};

/** The access to agents as four rising bars: View 1, Edit 2, Full 4. */
export function AgentMark({ level, isDecoration = false }: { level: AgentLevel; isDecoration?: boolean }) {
  const name = agentLevels.find(({ value }) => value === level)?.name ?? level;
  const says = isDecoration ? { "aria-hidden": true } : { role: "img", "aria-label": `Agents: ${name}` };
  return (
    <svg width="15" height="14" viewBox="0 0 15 14" className="mark" {...says}>
      {barHeights.map((height, index) => (
        <rect
          key={height}
          x={index * 4}
          y={13 - height}
          width="3"
          height={height}
          className={index < barsOf[level] ? "mark-bar" : "mark-ghost"}
        />
      ))}
    </svg>
  );
}

/** The runtime permissions as five letters in fixed places; a dot for what is not granted. */
export function RuntimeMarks({ granted }: { granted: readonly RuntimeName[] }) {
  const names = runtimePermissions.filter(({ value }) => granted.includes(value)).map(({ name }) => name);
  const label = `Runtime: ${names.length > 0 ? names.join(", ") : "none"}`;
  return (
    <svg width="61" height="14" viewBox="0 0 61 14" role="img" aria-label={label} className="mark">
      {runtimePermissions.map(({ value }, index) => (
        <g key={value} transform={`translate(${String(index * 13)} 0)`}>
          {granted.includes(value) ? (
            <path d={letters[value]} className="mark-letter" />
          ) : (
            <rect x="3" y="8" width="2" height="2" className="mark-dot" />
          )}
        </g>
      ))}
    </svg>
  );
}

/** Both marks, with what they mean in words as a tooltip. */
export function PermissionMarks({ agents, runtime }: { agents: AgentLevel; runtime: readonly RuntimeName[] }) {
  return (
    <span className="inline-flex h-5 items-center gap-3 align-top" data-tip={describePermissions({ agents, runtime })}>
      <AgentMark level={agents} />
      <RuntimeMarks granted={runtime} />
    </span>
  );
}

const shapes = {
  allow: <circle cx="4" cy="4" r="4" />,
  refuse: <rect width="8" height="8" />,
  unknown: <path d="M4 0 8 4 4 8 0 4Z" />,
  off: <rect width="8" height="8" />,
  busy: <circle cx="4" cy="4" r="3" fill="none" stroke="currentColor" strokeWidth="2" />,
};

const tones = {
  allow: "text-allow",
  refuse: "text-refuse",
  unknown: "text-unknown",
  off: "text-text-3",
  busy: "text-accent",
};

export type VerdictTone = keyof typeof shapes;

/** A state by colour, shape and word. */
export function Verdict({ tone, children }: { tone: VerdictTone; children: React.ReactNode }) {
  return (
    <span className="inline-flex items-center gap-2 whitespace-nowrap">
      <svg width="8" height="8" viewBox="0 0 8 8" aria-hidden="true" className={`${tones[tone]} fill-current`}>
        {shapes[tone]}
      </svg>
      <span className={tone === "off" ? "text-text-2" : undefined}>{children}</span>
    </span>
  );
}
