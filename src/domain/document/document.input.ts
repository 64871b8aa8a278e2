import { GraphQLUpload } from "graphql-upload-minimal";
import { Field, ID, InputType, Int, ObjectType } from "type-graphql";
import { Document } from "./document.entity";
import type { Upload } from "./upload";

@InputType()
export class UploadDocumentInput {
  @Field(() => ID)
  sessionId!: string;

  @Field(() => GraphQLUpload)
  file!: Promise<Upload>;
}

@InputType()
export class DeleteDocumentInput {
  @Field(() => ID)
  id!: string;
}

@ObjectType()
export class DocumentPayload {
  @Field(() => Document)
  readonly document!: Document;
}

@ObjectType()
export class DocumentContent {
  @Field({
    description:
      "A path on this server, such as `/documents/...`. Resolve it against the server's address. Anyone who has the link can download the document without a key.",
  })
  readonly url!: string;

  @Field({
    description: "The link stops working then, or earlier if the API key that requested it loses its permission.",
  })
  readonly expiresAt!: Date;
}

@ObjectType()
export class UploadLimits {
  @Field(() => Int, { description: "Maximum number of documents in a session." })
  readonly maxDocuments!: number;

  @Field(() => Int, { description: "Maximum size of a document in bytes." })
  readonly maxBytes!: number;

  @Field(() => [String], { description: "The supported types, such as `application/pdf`." })
  readonly mimeTypes!: readonly string[];
}
