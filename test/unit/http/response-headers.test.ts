import { addResponseHeaders } from "../../../src/api/http/response-headers";

const headersOver = (protocol: string): Record<string, string> => {
  const headers = {};
  addResponseHeaders(
    { id: "id", protocol } as never,
    { headers: (each: object) => Object.assign(headers, each) } as never,
  );
  return headers;
};

test("browsers are told to keep to HTTPS by a response over HTTPS only", () => {
  expect(headersOver("https")).toMatchObject({ "strict-transport-security": "max-age=31536000", "x-request-id": "id" });
  expect(headersOver("http")).not.toHaveProperty("strict-transport-security");
});
