import "reflect-metadata";
import { z } from "zod";
import type { ApiError, FieldError } from "../../../src/errors";
import {
  integerBetween,
  json,
  list,
  name,
  notBlank,
  numberBetween,
  reference,
  text,
} from "../../../src/schema-types/rules";
import { InputValidator, Rule } from "../../../src/schema-types/validation";

const validator = new InputValidator({ maxPageSize: 200, maxTextLength: 1_000 });

/** The errors of an argument with the path `input`; empty if it is valid. */
function errorsOf(argument: unknown, path = "input"): readonly FieldError[] {
  try {
    validator.validate(argument, path);
    return [];
  } catch (error) {
    const { code, extensions } = error as ApiError;
    expect(code).toBe("BAD_USER_INPUT");
    return extensions["fields"] as FieldError[];
  }
}

/** The message for a value of a field with this rule; undefined if the value is valid. */
function messageOf(rule: z.ZodType, value: unknown): string | undefined {
  class Input {
    @Rule(rule)
    field = value;
  }
  const [error, ...others] = errorsOf(new Input());
  expect(others).toEqual([]);
  if (error) expect(error.field).toBe("input.field");
  return error?.message;
}

/** A list of this length that fails when an element of it is read. */
const unreadable = (length: number): unknown[] =>
  new Proxy(new Array<unknown>(length), {
    get(target, key) {
      if (typeof key === "string" && /^\d+$/.test(key)) throw new Error(`Element ${key} was read`);
      return Reflect.get(target, key) as unknown;
    },
    ownKeys() {
      throw new Error("The elements were listed");
    },
  });

describe("each rule accepts valid values, and refuses others with a message that says which are valid", () => {
  test.each<[string, z.ZodType, string, unknown[], unknown[]]>([
    [
      "text",
      text(3),
      "must have at most 3 characters",
      ["", "abc", "日本語", "🐴🐴🐴"],
      ["abcd", "🐴🐴🐴🐴", "x".repeat(900)],
    ],
    ["text with a minimum", text(2_000, 1), "must have 1 to 2,000 characters", ["a"], [""]],
    ["name", name(), "must have 1 to 120 characters", ["a", "🐴".repeat(120)], ["", " \t", "a".repeat(121)]],
    ["name on one line", name(), "must have no control characters", ["a b"], ["a\nb", "a\u0007b", "a\u0085b"]],
    [
      "name without invisible characters",
      name(),
      "must have no invisible characters, and none that change the direction of text",
      ["❤\ufe0f", "👩‍🚀", "नमस्ते"],
      ["a\u200bb", "\u202eb", "a\u00ad", "\u3164"],
    ],
    [
      "reference",
      reference,
      "must have 1 to 255 characters",
      [" ", "a\nb", "❤\ufe0f".repeat(127)],
      ["", "❤\ufe0f".repeat(128)],
    ],
    ["notBlank", notBlank, "must not be empty", [" a "], ["", " \n"]],
    ["integerBetween", integerBetween(1, 9), "must be a whole number from 1 to 9", [1, 9], [0, 10, 1.5, NaN, Infinity]],
    ["numberBetween", numberBetween(0, 2), "must be a number from 0 to 2", [0, 0.5, 2], [-0.1, 2.1, NaN, Infinity]],
    ["list", list("servers", 2), "must have at most 2 servers", [[], [1, 2]], [[1, 2, 3]]],
    ["list with a minimum", list("tools", 2, 1), "must have 1 to 2 tools", [[1]], [[]]],
    ["list of another type", list("tools", 2), "must be a list", [], [{ length: 1 }, 5]],
    ["json", json(20), "must have at most 20 characters as JSON", [{ a: [1, true, null] }], [{ a: "x".repeat(13) }]],
  ])("%s", (_, rule, message, valid, invalid) => {
    for (const value of valid) expect([value, messageOf(rule, value)]).toEqual([value, undefined]);
    for (const value of invalid) expect([value, messageOf(rule, value)]).toEqual([value, message]);
  });

  test("json counts as JSON.stringify() does, to the character", () => {
    for (const value of [{}, [], { a: {}, b: [[], 1.5, 'é\n"🐴'] }, { "": [null, false, 1e21, -1] }, ["\u2028", ""]]) {
      const { length } = JSON.stringify(value);
      expect([value, messageOf(json(length), value)]).toEqual([value, undefined]);
      expect([value, messageOf(json(length - 1), value)]).not.toEqual([value, undefined]);
    }
  });
});

describe("null and missing values", () => {
  const rules: [string, z.ZodType, unknown][] = [
    ["a text", text(3), "a"],
    ["a name", name(), "a"],
    ["a number", integerBetween(1, 2), 1],
    ["a list", list("servers", 2), []],
    ["JSON", json(10), {}],
    ["an enum", z.enum({ A: "A" }), "A"],
    ["a flag", z.boolean(), true],
  ];

  test.each(rules)("%s that is required is neither null nor missing", (_, rule, value) => {
    expect(messageOf(rule, value)).toBeUndefined();
    expect(messageOf(rule, null)).toBe("must not be null");
    expect(messageOf(rule, undefined)).toBe("must be given");
  });

  test.each(rules)("%s that is optional may be left out, and is not null", (_, rule, value) => {
    expect(messageOf(rule.optional(), value)).toBeUndefined();
    expect(messageOf(rule.optional(), undefined)).toBeUndefined();
    expect(messageOf(rule.optional(), null)).toBe("must not be null");
  });

  test.each(rules)("%s that is nullable may be null or left out", (_, rule, value) => {
    for (const accepted of [value, null, undefined]) expect(messageOf(rule.nullish(), accepted)).toBeUndefined();
  });

  test("a required field that the object does not have is named", () => {
    class Input {
      @Rule(text(3))
      field?: string;
    }
    expect(errorsOf(new Input())).toEqual([{ field: "input.field", message: "must be given" }]);
  });
});

describe("cost", () => {
  test("a list that is too long is refused without a look at its elements", () => {
    const named = list("tools", 50).refine((names) => new Set(names).size === names.length);
    for (const length of [51, 400_000]) {
      expect(messageOf(list("servers", 10), unreadable(length))).toBe("must have at most 10 servers");
      expect(messageOf(named, unreadable(length))).toBe("must have at most 50 tools");
    }
  });

  test("JSON with a list that is too long is refused without a look at its elements", () => {
    for (const value of [unreadable(400_000), { a: [unreadable(16_001)] }]) {
      expect(messageOf(json(16_000), value)).toBe("must have at most 16,000 characters as JSON");
    }
  });

  test("JSON with too many keys is refused without a look at its values", () => {
    const value = new Proxy(Object.fromEntries(Array.from({ length: 9_000 }, (_, i) => [`a${i}`, i])), {
      get() {
        throw new Error("A value was read");
      },
    });
    expect(messageOf(json(16_000), value)).toBe("must have at most 16,000 characters as JSON");
  });

  test("a text that is too long is refused without a look at its characters", () => {
    const seen = jest.fn(() => true);
    expect(messageOf(z.string().refine(seen), "x".repeat(1_001))).toBe("must have at most 1,000 characters");
    expect(messageOf(text(10).refine(seen), "x".repeat(30))).toMatch(/at most 10/);
    expect(seen).not.toHaveBeenCalled();
  });

  test("values that are nested too deeply are refused, however deep they are", () => {
    const nested = (levels: number): unknown => (levels === 0 ? {} : { a: nested(levels - 1) });
    expect(messageOf(json(16_000), nested(19))).toBeUndefined();
    class Input {
      @Rule(json(16_000))
      field = nested(2_000);
    }
    expect(errorsOf(new Input())).toEqual([
      { field: `input.field${".a".repeat(20)}`, message: "must not be nested deeper than 20 levels" },
    ]);
    let deepest: unknown = {};
    for (let level = 0; level < 100_000; level++) deepest = [deepest];
    expect(messageOf(json(16_000), deepest)).toBe("must have at most 16,000 characters as JSON");
  });

  test("a list or a JSON object without a rule is an error of the server", () => {
    for (const field of [[1], { a: 1 }]) {
      class Input {
        readonly field = field;
      }
      expect(() => validator.validate(new Input(), "input")).toThrow("input.field needs a rule that bounds it");
    }
  });
});

describe("objects", () => {
  class Inner {
    @Rule(name().optional())
    name?: string;

    @Rule(integerBetween(1, 5).nullish())
    size?: number | null;

    constructor(values: object = {}) {
      Object.assign(this, values);
    }
  }

  class Base {
    @Rule(name())
    name = "a name";
  }

  class Outer extends Base {
    @Rule(z.instanceof(Inner).optional())
    inner?: Inner;

    @Rule(list("parts", 3))
    parts: Inner[] = [];

    id = "an id";

    constructor(values: object = {}) {
      super();
      Object.assign(this, values);
    }
  }

  test("every invalid field is named by its path, also in nested objects, in lists and of a base class", () => {
    const parts = [new Inner(), new Inner({ size: 6 }), new Inner({ name: null, size: 0 })];
    expect(errorsOf(new Outer({ name: "", id: "\0", inner: new Inner({ name: "a\nb" }), parts }))).toEqual([
      { field: "input.name", message: "must have 1 to 120 characters" },
      { field: "input.inner.name", message: "must have no control characters" },
      { field: "input.parts.1.size", message: "must be a whole number from 1 to 5" },
      { field: "input.parts.2.name", message: "must not be null" },
      { field: "input.parts.2.size", message: "must be a whole number from 1 to 5" },
      { field: "input.id", message: "must not have the character U+0000" },
    ]);
  });

  test("the rule of a subclass replaces that of its base class", () => {
    class Short extends Base {
      @Rule(name(3))
      override name = "four";
    }
    expect(errorsOf(new Short())).toEqual([{ field: "input.name", message: "must have 1 to 3 characters" }]);
    expect(errorsOf(new Base())).toEqual([]);
  });

  test("the fields of an arguments object have no path before them", () => {
    expect(errorsOf(new Outer({ name: "" }), "").map(({ field }) => field)).toEqual(["name"]);
  });

  test("names are trimmed in the object, and other texts stay as they are", () => {
    const input = new Outer({ name: " Ada\t", id: " id ", parts: [new Inner({ name: "\u00a0part " })] });
    expect(errorsOf(input)).toEqual([]);
    expect(input).toMatchObject({ name: "Ada", id: " id ", parts: [{ name: "part" }] });
    expect(input.parts[0]).toBeInstanceOf(Inner);
  });

  test("a rule may depend on the limits of the server", () => {
    class Page {
      @Rule(({ maxPageSize }) => integerBetween(1, maxPageSize))
      first = 200;
    }
    expect(errorsOf(new Page())).toEqual([]);
    expect(() => new InputValidator({ maxPageSize: 199, maxTextLength: 10 }).validate(new Page(), "")).toThrow(
      "first: must be a whole number from 1 to 199",
    );
  });

  test("texts without a rule are checked at any depth: length, Unicode and U+0000", () => {
    const messages = {
      "must have at most 1,000 characters": "x".repeat(1_001),
      "must be well-formed Unicode": "a\ud800",
      "must not have the character U+0000": "a\0b",
    };
    for (const [message, value] of Object.entries(messages)) {
      expect(errorsOf(new Outer({ id: value }))).toEqual([{ field: "input.id", message }]);
      class Input {
        @Rule(json(16_000))
        metadata = { a: [1, { b: value }] };
      }
      expect(errorsOf(new Input())).toEqual([{ field: "input.metadata.a.1.b", message }]);
    }
  });

  test("dates, promises and arguments that are not objects are ignored", () => {
    for (const argument of [undefined, null, 5, "text"]) expect(errorsOf(argument)).toEqual([]);
    expect(errorsOf(new Outer({ at: new Date(), file: Promise.resolve("file") }))).toEqual([]);
  });

  test("no message has the value that it refuses", () => {
    const secret = "swordfish";
    class Input {
      @Rule(text(3))
      text = secret;
      @Rule(name(3))
      name = secret;
      @Rule(integerBetween(1, 2))
      integer = secret;
      @Rule(numberBetween(1, 2))
      number = secret;
      @Rule(list("parts", 3))
      list = secret;
      @Rule(json(3))
      json = { [secret]: secret };
      @Rule(z.enum({ A: "A" }))
      enum = secret;
      @Rule(z.boolean())
      boolean = secret;
      @Rule(z.instanceof(Inner))
      object = secret;
      @Rule(z.string().regex(/^\d$/, "must be a digit"))
      pattern = secret;
      nul = `${secret}\0`;
    }
    const errors = errorsOf(new Input());
    expect(errors.map(({ field }) => field)).toEqual(Object.keys(new Input()).map((field) => `input.${field}`));
    expect(JSON.stringify(errors)).not.toContain(secret);
  });
});
