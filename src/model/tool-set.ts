import { dynamicTool, jsonSchema, type ToolSet } from "ai";
import { maxArgumentChars, type Toolbox } from "./tools/toolbox";
import type { ToolAnswer } from "./tools/tool-server";

/** The longest that is told of a call that could not be made, in characters. */
const longestComplaint = 1_000;

/** The settings of the library's `streamText` by which a model may use tools. In the last step none is carried out. */
export function toolsOf(toolbox: Toolbox, mostSteps: number, signal: AbortSignal) {
  let isLast = false;
  const prepareStep = ({ stepNumber }: { stepNumber: number }) => {
    isLast = stepNumber >= mostSteps - 1;
    return {};
  };
  const tools: ToolSet = {};
  for (const { name, description, inputSchema } of toolbox.offered) {
    tools[name] = dynamicTool({
      ...(description !== undefined && { description }),
      inputSchema: jsonSchema(inputSchema),
      async execute(input): Promise<ToolAnswer> {
        const isTooLong = JSON.stringify(input).length > maxArgumentChars;
        // Either ends the run.
        if (isLast || isTooLong) return { text: "This was not done.", isError: true };
        return toolbox.call(name, input, signal);
      },
      toModelOutput: ({ output }) => {
        const { text, isError } = output as ToolAnswer;
        return { type: isError ? "error-text" : "text", value: text };
      },
    });
  }
  return { tools, prepareStep };
}

/** What came of a call, as the library tells of it: also where it was for no tool that there is, or not readable. */
export function resultOf(part: { type: "tool-result"; output: unknown } | { type: "tool-error"; error: unknown }): {
  result: string;
  isError: boolean;
} {
  if (part.type === "tool-error") {
    const message = part.error instanceof Error ? part.error.message : String(part.error);
    return { result: message.slice(0, longestComplaint).toWellFormed(), isError: true };
  }
  const { text, isError } = part.output as ToolAnswer;
  return { result: text, isError };
}
