import { dynamicTool, jsonSchema, type ToolSet } from "ai";
import { maxArgumentChars, type Toolbox } from "./tools/toolbox";
import type { ToolImage, ToolResult } from "./tools/tool-server";

const maxErrorChars = 1_000;

/**
 * The options of `streamText` that let a model call tools. Calls in the last step are not executed.
 *
 * @param takesImages whether the provider's protocol has images in results
 */
export function toolOptions(toolbox: Toolbox, maxSteps: number, takesImages: boolean, signal: AbortSignal) {
  let isLastStep = false;
  const prepareStep = ({ stepNumber }: { stepNumber: number }) => {
    isLastStep = stepNumber >= maxSteps - 1;
    return {};
  };
  const tools: ToolSet = {};
  for (const { name, description, inputSchema } of toolbox.tools) {
    tools[name] = dynamicTool({
      ...(description !== undefined && { description }),
      inputSchema: jsonSchema(inputSchema),
      async execute(input): Promise<ToolResult> {
        const isTooLong = JSON.stringify(input).length > maxArgumentChars;
        // The run fails in both cases, see AnswerTranslator.
        if (isLastStep || isTooLong) return { text: "The tool was not called.", isError: true };
        return toolbox.call(name, input, signal);
      },
      toModelOutput: ({ output }) => {
        const { text, isError, images = [] } = output as ToolResult;
        if (isError) return { type: "error-text", value: text };
        if (!takesImages || images.length === 0) return { type: "text", value: text };
        return { type: "content", value: [textPart(text), ...images.map(imagePart)] };
      },
    });
  }
  return { tools, prepareStep };
}

const textPart = (text: string) => ({ type: "text" as const, text });
const imagePart = (image: ToolImage) => ({ type: "image-data" as const, ...image });

/** `streamText` reports a tool error for a call of an unknown tool and for arguments that can't be parsed. */
export function resultOf(part: { type: "tool-result"; output: unknown } | { type: "tool-error"; error: unknown }): {
  result: string;
  isError: boolean;
} {
  if (part.type === "tool-error") {
    const message = part.error instanceof Error ? part.error.message : String(part.error);
    return { result: message.slice(0, maxErrorChars).toWellFormed(), isError: true };
  }
  const { text, isError } = part.output as ToolResult;
  return { result: text, isError };
}
