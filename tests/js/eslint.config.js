import js from "@eslint/js";
import globals from "globals";

const rules = { eqeqeq: "error", "no-var": "error", "prefer-const": "error" };

export default [
  js.configs.recommended,
  {
    files: ["assets/**/*.js"],
    languageOptions: { sourceType: "script", globals: globals.browser },
    rules,
  },
  {
    files: ["tests/js/*.js"],
    languageOptions: { sourceType: "module", globals: globals.node },
    rules,
  },
];
