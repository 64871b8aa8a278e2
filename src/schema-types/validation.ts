import "reflect-metadata";
import { getMetadataStorage } from "type-graphql";
import { z } from "zod";
import { badInput, type FieldError } from "../errors";

/** The limits of the server that apply to inputs. */
export interface InputLimits {
  readonly maxPageSize: number;
  /** In UTF-16 code units; applies to every text. */
  readonly maxTextLength: number;
}

type RuleFactory = (limits: InputLimits) => z.ZodType;
type Rules = ReadonlyMap<string, z.ZodType>;
type Defaults = ReadonlyMap<string, unknown>;

const maxNestingDepth = 20;
const rulesByPrototype = new WeakMap<object, Map<string, RuleFactory>>();

/** The rule of a field of an input or arguments class: a zod schema, or a function that makes one from the limits. */
export const Rule =
  (rule: z.ZodType | RuleFactory): PropertyDecorator =>
  (prototype, field) => {
    const rules = rulesByPrototype.get(prototype) ?? new Map<string, RuleFactory>();
    rulesByPrototype.set(prototype, rules.set(String(field), typeof rule === "function" ? rule : () => rule));
  };

/**
 * Checks the arguments of resolvers against the rules of their classes. The rule of a field runs before the validator
 * descends into the value, so a rule that bounds a list or a JSON value also bounds the work.
 */
export class InputValidator {
  private readonly cache = new Map<object, Rules>();
  private readonly defaults = new Map<object, Defaults>();

  constructor(private readonly limits: InputLimits) {}

  /**
   * Replaces texts that a rule transforms, such as names, which are trimmed, and nulls of fields that have a default.
   *
   * @param path of the argument, such as `input`; empty if the fields of the object are arguments themselves
   * @throws BAD_USER_INPUT that names every invalid field and never repeats a value
   */
  validate(argument: unknown, path: string): void {
    if (typeof argument !== "object" || argument === null) return;
    const errors = this.errorsInside(argument, path, 0);
    if (errors.length > 0) throw badInput(...errors);
  }

  private errorsInside(parent: object, path: string, depth: number): FieldError[] {
    const rules = this.rulesOf(parent);
    return [...new Set([...rules.keys(), ...Object.keys(parent)])].flatMap((key) =>
      this.errorsOf(parent, key, rules.get(key), path === "" ? key : `${path}.${key}`, depth + 1),
    );
  }

  private errorsOf(
    parent: object,
    key: string,
    rule: z.ZodType | undefined,
    field: string,
    depth: number,
  ): FieldError[] {
    if (depth > maxNestingDepth) {
      return [{ field, message: `must not be nested deeper than ${maxNestingDepth} levels` }];
    }
    const value = this.valueOf(parent, key);
    const textMessage = typeof value === "string" ? this.textMessage(value) : undefined;
    if (textMessage !== undefined) return [{ field, message: textMessage }];

    const result = rule?.safeParse(value);
    if (result?.success === false) return [{ field, message: messageFor(value, result.error) }];
    if (typeof value === "string" && result && result.data !== value) Reflect.set(parent, key, result.data);
    if (typeof value !== "object" || value === null || value instanceof Date || value instanceof Promise) return [];
    const isBounded = rule !== undefined || isInputObject(value) || !isInputObject(parent);
    if (!isBounded) throw new Error(`${field} needs a rule that bounds it`);
    return this.errorsInside(value, field, depth);
  }

  /** A null counts as left out if the field has a default. */
  private valueOf(parent: object, key: string): unknown {
    const value: unknown = Reflect.get(parent, key);
    if (value !== null) return value;
    const defaultValue = this.defaultsOf(parent).get(key);
    if (defaultValue === undefined) return null;
    Reflect.set(parent, key, defaultValue);
    return defaultValue;
  }

  private defaultsOf(parent: object): Defaults {
    const prototype = prototypeOf(parent);
    if (!prototype) return new Map();
    const ofField = ({ target, name, typeOptions }: FieldMetadata): [string, unknown][] =>
      target === prototype.constructor && typeOptions.defaultValue !== undefined
        ? [[name, typeOptions.defaultValue]]
        : [];
    const defaults =
      this.defaults.get(prototype) ??
      new Map([...this.defaultsOf(prototype), ...getMetadataStorage().fields.flatMap(ofField)]);
    this.defaults.set(prototype, defaults);
    return defaults;
  }

  /** @returns a message if no field accepts the text, whatever its rule */
  private textMessage(text: string): string | undefined {
    const { maxTextLength } = this.limits;
    if (text.length > maxTextLength) return `must have at most ${maxTextLength.toLocaleString("en")} characters`;
    if (!text.isWellFormed()) return "must be well-formed Unicode";
    return text.includes("\0") ? "must not have the character U+0000" : undefined;
  }

  private rulesOf(parent: object): Rules {
    const prototype = prototypeOf(parent);
    if (!prototype) return new Map();
    const rules = this.cache.get(prototype) ?? new Map([...this.rulesOf(prototype), ...this.ownRules(prototype)]);
    this.cache.set(prototype, rules);
    return rules;
  }

  private ownRules(prototype: object): [field: string, rule: z.ZodType][] {
    const factories = rulesByPrototype.get(prototype) ?? [];
    return [...factories].map(([field, factory]) => [field, factory(this.limits)]);
  }
}

type FieldMetadata = ReturnType<typeof getMetadataStorage>["fields"][number];

const prototypeOf = (value: object) => Object.getPrototypeOf(value) as object | null;

/** Whether an object is of an input or arguments class, rather than a list or a JSON object. */
function isInputObject(value: object): boolean {
  const prototype = prototypeOf(value);
  return prototype !== null && prototypeOf(prototype) !== null && !Array.isArray(value);
}

function messageFor(value: unknown, { issues: [issue] }: z.ZodError): string {
  if (value === null) return "must not be null";
  return value === undefined ? "must be given" : (issue?.message ?? "is not valid");
}
