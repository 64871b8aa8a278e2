import "../support/on-s3";
import "../download.test";
