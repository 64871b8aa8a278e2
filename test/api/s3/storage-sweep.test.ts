import "../../support/on-s3";
import "../document/storage-sweep.test";
