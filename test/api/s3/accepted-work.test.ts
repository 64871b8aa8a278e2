import "../../support/on-s3";
import "../../faults/accepted-work.test";
