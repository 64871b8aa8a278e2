/** Runs a benchmark by its name: `npm run bench -- requests`, for example. Its arguments come after the name. */
const names = ["requests", "mysql", "runs", "overload", "first-token", "start", "scale"];

const [name = "requests"] = process.argv.splice(2, 1);
if (!names.includes(name)) {
  console.error(`There is no benchmark ${name}. These exist: ${names.join(", ")}.`);
  process.exit(2);
}
if (name === "mysql" && !process.argv.some((each) => each.startsWith("mysql://"))) {
  console.error("This measures requests on MySQL or MariaDB. Give its URL, such as mysql://root@127.0.0.1:3306/x.");
  process.exit(2);
}
await import(name === "mysql" ? "./requests.mjs" : `./${name}.mjs`);
