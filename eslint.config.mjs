import eslint from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist", "data", "coverage"] },
  eslint.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Numbers in messages are meant; objects are still refused.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // Resolver and entity classes carry their meaning in decorators.
      "@typescript-eslint/no-extraneous-class": ["error", { allowWithDecorator: true, allowEmpty: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // Rows and payloads are plain data that happens to be described by a class.
      "@typescript-eslint/no-unsafe-class-instance-assignment": "off",
      "@typescript-eslint/no-misused-spread": "off",
      // A parameter that only TypeGraphQL reads is there for its decorator.
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_$" }],
      // Libraries take functions that must return a promise, whether they wait for anything or not.
      "@typescript-eslint/require-await": "off",
    },
  },
  {
    files: ["examples/*.mjs", "test/bench/*.mjs", "test/support/shell/*.js"],
    languageOptions: {
      globals: {
        console: "readonly",
        fetch: "readonly",
        File: "readonly",
        FormData: "readonly",
        Headers: "readonly",
        performance: "readonly",
        setTimeout: "readonly",
      },
    },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      // What an answer holds is what a test asserts; its type would only say so again.
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-return": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-explicit-any": "off",
      // Methods are taken apart here to see that nothing has replaced them.
      "@typescript-eslint/unbound-method": "off",
    },
  },
  {
    files: ["**/*.js", "**/*.mjs"],
    languageOptions: {
      globals: { module: "writable", require: "readonly", process: "readonly", __dirname: "readonly" },
    },
  },
);
