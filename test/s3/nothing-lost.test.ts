import "../support/on-s3";
import "../nothing-lost.test";
