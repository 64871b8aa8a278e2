import "../../support/on-s3";
import "../document/documents.test";
