import "../support/on-s3";
import "../processing.test";
