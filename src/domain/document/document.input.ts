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
      "A path of this server, such as `/documents/...`, to be put behind the address that the server is reached at. Whoever has it can download the document, without a key.",
  })
  readonly url!: string;

  @Field({ description: "Until then the link can be used, if the key that it was asked for with keeps its rights." })
  readonly expiresAt!: Date;
}

@ObjectType()
export class UploadLimits {
  @Field(() => Int, { description: "Documents in one session." })
  readonly maxDocuments!: number;

  @Field(() => Int, { description: "Bytes in one document." })
  readonly maxBytes!: number;

  @Field(() => [String], { description: "Such as `application/pdf`." })
  readonly mimeTypes!: readonly string[];
}
