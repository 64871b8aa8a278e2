import "../../support/on-s3";
import "../document/downloads.test";
