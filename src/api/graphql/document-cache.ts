import type { DocumentNode, GraphQLError } from "graphql";
import { LRUCache } from "lru-cache";

/** A document as it was parsed, with the errors of its validation. */
export interface ParsedDocument {
  readonly document: DocumentNode;
  readonly errors: readonly GraphQLError[];
}

/** Documents with a longer text are parsed again each time. Honest ones have up to a few thousand characters. */
const maxDocumentChars = 20_000;
const maxDocuments = 1_000;
const maxBytes = 20_000_000;

/** The memory that a token keeps alive: its own object, its part of a node, and what the authorizer derives from the node. */
const bytesPerToken = 600;
/** A text has one byte per character, or two. */
const bytesPerChar = 2;

/**
 * Keeps the documents that were used last, over all transports. Their size is what they keep alive: the text, its tokens
 * (comments included) and the nodes. Long and invalid documents are not kept.
 */
export class DocumentCache {
  private readonly documents = new LRUCache<string, ParsedDocument>({
    max: maxDocuments,
    maxSize: maxBytes,
    sizeCalculation: ({ document }, text) => text.length * bytesPerChar + tokensOf(document) * bytesPerToken,
  });

  get(text: string): ParsedDocument | undefined {
    return isShort(text) ? this.documents.get(text) : undefined;
  }

  set(text: string, parsed: ParsedDocument): void {
    if (isShort(text) && parsed.errors.length === 0) this.documents.set(text, parsed);
  }

  get size(): number {
    return this.documents.size;
  }

  /** An estimate of what the documents keep alive. */
  get bytes(): number {
    return this.documents.calculatedSize;
  }
}

const isShort = (text: string): boolean => text.length <= maxDocumentChars;

function tokensOf({ loc, tokenCount = 0 }: DocumentNode): number {
  // Without locations the document has nodes and no tokens.
  if (!loc) return tokenCount;
  let count = 1;
  for (let { next } = loc.startToken; next; { next } = next) count += 1;
  return count;
}
