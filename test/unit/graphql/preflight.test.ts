import { forcesPreflight } from "../../../src/api/graphql/preflight";

test("a request forces a preflight request if it has a header that no page can send unasked", () => {
  for (const name of ["x-api-key", "authorization", "apollo-require-preflight", "x-apollo-operation-name"]) {
    expect(forcesPreflight({ [name]: "any" })).toBe(true);
    expect(forcesPreflight({ [name]: "" })).toBe(false);
  }
  const unasked = {
    accept: "*/*",
    "content-type": "multipart/form-data",
    cookie: "session=1",
    origin: "https://foreign.example",
  };
  expect(forcesPreflight(unasked)).toBe(false);
});
