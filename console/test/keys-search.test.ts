import { withoutSecret } from "../src/parts/without-secret";
import { filterOf, orderOf, sortOf } from "../src/screens/keys/search";

const secret = `latchkey_3fK9${"x".repeat(41)}Xa2p`;

test("a secret that is pasted is searched for by its hint, and never kept as text", () => {
  expect(withoutSecret(` ${secret}\n`)).toBe("latchkey_3fK9…Xa2p");
});

test("a name and a hint are searched for as they were typed", () => {
  for (const typed of ["checkout ", "latchkey_3fK9", "latchkey_3fK9…Xa2p"]) expect(withoutSecret(typed)).toBe(typed);
});

test("active keys are shown unless others are asked for", () => {
  expect(filterOf({}, "1")).toEqual({ scopeId: "1", status: "ACTIVE" });
  expect(filterOf({ show: "all" }, "1")).toEqual({ scopeId: "1" });
  expect(filterOf({ show: "revoked", tag: "eu" }, "1")).toEqual({ scopeId: "1", status: "REVOKED", tag: "eu" });
  expect(filterOf({ show: "unused" }, "1")).toEqual({ scopeId: "1", status: "ACTIVE", unusedSinceDays: 90 });
});

test("the newest keys come first, and an order that does not exist is that one", () => {
  expect(orderOf(undefined)).toEqual({ field: "CREATED_AT", direction: "DESC" });
  expect(orderOf("name")).toEqual({ field: "NAME", direction: "ASC" });
  expect(orderOf("-used")).toEqual({ field: "LAST_USED_AT", direction: "DESC" });
  expect(sortOf("constructor")).toEqual({ field: "created", isDescending: true });
});
