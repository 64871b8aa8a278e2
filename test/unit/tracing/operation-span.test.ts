import { endOperationSpan } from "../../../src/api/reports/operation-span";
import { OperationReport } from "../../../src/domain/usage/operation-report";
import type { WorkSpan } from "../../../src/platform/tracing/work-span";

/** The types of error that the span of a request gets. */
function errorsOf(finish: (report: OperationReport) => void): string[] {
  const errors: string[] = [];
  const report = new OperationReport("id", "http");
  const span = { describe: () => undefined, fail: (type: string) => errors.push(type), end: () => undefined };
  report.span = span as unknown as WorkSpan;
  finish(report);
  endOperationSpan(report);
  return errors;
}

const withCode = (code: string) => [{ extensions: { code } }];

test.each(["UNAVAILABLE", "INTERNAL_SERVER_ERROR"])(
  "%s makes a span an error, before and after the execution",
  (code) => {
    expect(errorsOf((report) => report.refuse(withCode(code)))).toEqual([code]);
    const failed = (report: OperationReport) => {
      report.allow();
      report.fail(withCode(code));
    };
    expect(errorsOf(failed)).toEqual([code]);
  },
);

test.each(["FORBIDDEN", "RATE_LIMITED", "NOT_FOUND", "GRAPHQL_VALIDATION_FAILED", "constructor"])(
  "%s makes no span an error",
  (code) => {
    expect(errorsOf((report) => report.refuse(withCode(code)))).toEqual([]);
  },
);
