import "reflect-metadata";
import {
  IsDefined,
  IsInt,
  IsNumber,
  IsOptional,
  Matches,
  Max,
  Min,
  ValidateBy,
  ValidateIf,
  validate,
  type ValidationError,
} from "class-validator";
import type { Limits } from "../config";
import { PageArgs } from "./pages";
import { badInput, type FieldError } from "../errors";

const maxInputDepth = 20;
const trimmed = new WeakMap<object, Set<string>>();

/** A name: trimmed, 1 to 120 characters, none of them a control character. */
export const Name = (): PropertyDecorator => (target, property) => {
  const properties = trimmed.get(target) ?? new Set();
  trimmed.set(target, properties.add(String(property)));
  Characters(1, 120, "must have 1 to 120 characters")(target, property);
  Matches(/^\P{Cc}*$/u, { message: "must have no control characters" })(target, property);
};

/** A text of up to so many characters. */
export const Text = (most: number): PropertyDecorator =>
  Characters(0, most, () => `must have at most ${most.toLocaleString("en")} characters`);

/** A name that the caller gives to something of its own: 1 to 255 characters, compared byte for byte. */
export const Reference = (): PropertyDecorator => Characters(1, 255, "must have 1 to 255 characters");

/** Counts as columns do, by code points. The rules of class-validator count some for nothing, which then don't fit. */
function Characters(least: number, most: number, message: string | (() => string)): PropertyDecorator {
  const fits = (length: number) => length >= least && length <= most;
  const validate = (value: unknown) => typeof value === "string" && fits(Array.from(value).length);
  return ValidateBy({ name: "characters", validator: { validate } }, { message });
}

/** A text that has more than white space. */
export const NotBlank = (): PropertyDecorator => Matches(/\S/, { message: "must not be empty" });

/** A value of which the JSON has up to so many characters. */
export const Json = (most: number): PropertyDecorator =>
  ValidateBy(
    { name: "json", validator: { validate: (value) => JSON.stringify(value).length <= most } },
    { message: () => `must have at most ${most.toLocaleString("en")} characters as JSON` },
  );

/** A whole number within these bounds. */
export const IntegerBetween =
  (least: number, most: number): PropertyDecorator =>
  (target, property) => {
    const message = `must be a whole number from ${least} to ${most}`;
    IsInt({ message })(target, property);
    Min(least, { message })(target, property);
    Max(most, { message })(target, property);
  };

/** A number within these bounds. */
export const NumberBetween =
  (least: number, most: number): PropertyDecorator =>
  (target, property) => {
    const message = `must be a number from ${least} to ${most}`;
    IsNumber({}, { message })(target, property);
    Min(least, { message })(target, property);
    Max(most, { message })(target, property);
  };

/** May be left out, and must not be null: the checks beside it see null and refuse it. */
export const Optional = (): PropertyDecorator => ValidateIf((_, value) => value !== undefined);

/** May be left out or null, which means the same. */
export const Nullable = (): PropertyDecorator => IsOptional();

/** Must be there and not be null. */
export const Required = (): PropertyDecorator => IsDefined();

/**
 * Checks the argument of a field, after trimming the names in it.
 *
 * @throws BAD_USER_INPUT that names each faulty field and never repeats a value
 */
export async function validateArgument(argument: unknown, limits: Limits): Promise<void> {
  if (typeof argument !== "object" || argument === null) return;
  const faults = argument instanceof PageArgs ? pageFaults(argument, limits) : await inputFaults(argument, limits);
  if (faults.length > 0) throw badInput(...faults);
}

function pageFaults({ first }: PageArgs, { maxPageSize }: Limits): FieldError[] {
  const fits = Number.isInteger(first) && first >= 1 && first <= maxPageSize;
  return fits ? [] : [{ field: "first", message: `must be a whole number from 1 to ${maxPageSize}` }];
}

async function inputFaults(input: object, { maxTextLength }: Limits): Promise<FieldError[]> {
  trim(input);
  const texts = textFaults(input, "input", maxTextLength);
  if (texts.length > 0) return texts;

  const options = { forbidUnknownValues: false, stopAtFirstError: true, validationError: { target: false } };
  return (await validate(input, options)).flatMap((error) => faultsOf(error, "input"));
}

function trim(input: object): void {
  for (const property of trimmed.get(Object.getPrototypeOf(input) as object) ?? []) {
    const value: unknown = Reflect.get(input, property);
    if (typeof value === "string") Reflect.set(input, property, value.trim());
  }
}

/** What no text may be: longer than any may be, or not to be kept and given back as it came. */
function textFaults(value: unknown, field: string, maxTextLength: number, depth = 0): FieldError[] {
  if (depth > maxInputDepth) return [{ field, message: `must not be nested deeper than ${maxInputDepth} levels` }];
  if (typeof value === "string") {
    if (value.length > maxTextLength) return [{ field, message: `must have at most ${maxTextLength} characters` }];
    if (!value.isWellFormed()) return [{ field, message: "must be well-formed Unicode" }];
    if (value.includes("\0")) return [{ field, message: "must not have the character U+0000" }];
    return [];
  }
  if (typeof value !== "object" || value === null || value instanceof Promise || value instanceof Date) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    textFaults(inner, `${field}.${key}`, maxTextLength, depth + 1),
  );
}

function faultsOf(error: ValidationError, above: string): FieldError[] {
  const { property, constraints = {}, children = [] } = error;
  const field = `${above}.${property}`;
  const [message] = Object.values(constraints);
  const own = message === undefined ? [] : [{ field, message: error.value === null ? "must not be null" : message }];
  return [...own, ...children.flatMap((child) => faultsOf(child, field))];
}
