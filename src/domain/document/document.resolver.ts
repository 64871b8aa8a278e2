import { Arg, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import { RequireRuntime } from "../../auth/require";
import { DeletedPayload } from "../../schema-types/deleted.payload";
import { Session } from "../session/session.entity";
import { Document } from "./document.entity";
import {
  DeleteDocumentInput,
  DocumentContent,
  DocumentPayload,
  UploadDocumentInput,
  UploadLimits,
} from "./document.input";
import { DocumentService } from "./document.service";

@Resolver(() => Session)
export class DocumentResolver {
  constructor(private readonly documentService: DocumentService) {}

  @Query(() => DocumentContent, {
    nullable: true,
    description: "A link to download a document. It is valid for five minutes.",
  })
  @RequireRuntime("SESSION_VIEW")
  documentContent(@Arg("id", () => ID) id: string): Promise<DocumentContent | null> {
    return this.documentService.contentOf(id);
  }

  @Mutation(() => DocumentPayload, {
    description:
      "Takes a request by the GraphQL multipart request specification. Returns when the document is stored. A document that is still PROCESSING is indexed in the background, and executions wait for it.",
  })
  @RequireRuntime("DOCUMENT_UPLOAD")
  async uploadDocument(@Arg("input") input: UploadDocumentInput): Promise<DocumentPayload> {
    return { document: await this.documentService.upload(input) };
  }

  @Mutation(() => DeletedPayload)
  @RequireRuntime("DOCUMENT_UPLOAD")
  async deleteDocument(@Arg("input") { id }: DeleteDocumentInput): Promise<DeletedPayload> {
    await this.documentService.delete(id);
    return { id };
  }

  @FieldResolver(() => [Document], { description: "Oldest first." })
  @RequireRuntime("SESSION_VIEW", "DOCUMENT_UPLOAD")
  documents(@Root() session: Session): Promise<Document[]> {
    return this.documentService.listOf(session);
  }

  @FieldResolver(() => UploadLimits, {
    description: "The limits of uploads, so that a client can check a file before it sends it.",
  })
  uploadLimits(): UploadLimits {
    return this.documentService.uploadLimits;
  }
}
