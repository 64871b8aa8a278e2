import "../../support/on-s3";
import "../document/processing.test";
