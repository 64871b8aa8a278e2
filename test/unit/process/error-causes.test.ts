import { causesOf } from "../../../src/platform/process/error-causes";

test("the causes of an error begin with the error itself", () => {
  const root = new Error("root");
  const error = new Error("error", { cause: root });
  expect(causesOf(error)).toEqual([error, root]);
  expect(causesOf(undefined)).toEqual([]);
});

test("a circle of causes ends", () => {
  const error = new Error("error");
  error.cause = error;
  expect(causesOf(error)).toHaveLength(10);
});
