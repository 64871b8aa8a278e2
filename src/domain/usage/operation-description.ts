import { createHash } from "node:crypto";
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  print,
  visit,
} from "graphql";
import { safeNameOf, type ReportedOperation } from "./operation-report";
import type { FieldRequirement } from "./usage.entity";

/** The parts of an operation that usage keeps. */
export interface OperationDescription {
  readonly hash: string;
  readonly kind: string;
  readonly name: string | null;
  readonly requirements: readonly FieldRequirement[];
}

/** For the operations beyond the number that are told apart. */
export const otherOperations = "other";

/** Describes operations, each once for as long as its document is kept. */
export class OperationDescriptions {
  private readonly cache = new WeakMap<OperationDefinitionNode, OperationDescription>();

  constructor(private readonly requirementsOf: (operation: ReportedOperation) => readonly FieldRequirement[]) {}

  of(reported: ReportedOperation): OperationDescription {
    const { document, operation } = reported;
    let description = this.cache.get(operation);
    if (!description) {
      const hash = hashOf(document, operation);
      const name = safeNameOf(operation) ?? null;
      description = { hash, kind: operation.operation, name, requirements: this.requirementsOf(reported) };
      this.cache.set(operation, description);
    }
    return description;
  }
}

/**
 * The hash of an operation with the fragments that it uses, without its aliases and with a placeholder for each value: so
 * what clients put into a document, such as an id, does not make it another one, and is not kept.
 */
function hashOf(document: DocumentNode, operation: OperationDefinitionNode): string {
  const used = new Map<string, FragmentDefinitionNode>();
  const addFragmentsOf = (node: OperationDefinitionNode | FragmentDefinitionNode) =>
    visit(node, {
      FragmentSpread({ name }) {
        const fragment = document.definitions.find(
          (each): each is FragmentDefinitionNode =>
            each.kind === Kind.FRAGMENT_DEFINITION && each.name.value === name.value,
        );
        if (!fragment || used.has(name.value)) return;
        used.set(name.value, fragment);
        addFragmentsOf(fragment);
      },
    });
  addFragmentsOf(operation);
  const fragments = [...used.keys()].sort().flatMap((name) => used.get(name) ?? []);
  const normalised = visit({ kind: Kind.DOCUMENT, definitions: [operation, ...fragments] } as DocumentNode, {
    Field: ({ alias: _alias, ...field }) => field,
    StringValue: (node) => ({ ...node, value: "", block: false }),
    IntValue: (node) => ({ ...node, value: "0" }),
    FloatValue: (node) => ({ ...node, value: "0" }),
    ListValue: (node) => ({ ...node, values: [] }),
    ObjectValue: (node) => ({ ...node, fields: [] }),
  });
  return createHash("sha256").update(print(normalised)).digest("hex").slice(0, 32);
}
