import "../support/on-s3";
import "../storage-sweep.test";
