/** Runs a benchmark by its name: `npm run bench -- requests`, for example. Its arguments come after the name. */
const names = ["requests", "runs", "overload", "first-token", "start", "scale"];

const [name = "requests"] = process.argv.splice(2, 1);
if (!names.includes(name)) {
  console.error(`There is no benchmark ${name}. These exist: ${names.join(", ")}.`);
  process.exit(2);
}
await import(`./${name}.mjs`);
