/** Runs a script of the built server with the timings that its second argument gives as JSON. */
const [, , script, timings] = process.argv;
require(script)
  .main(JSON.parse(timings))
  .catch((error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  });
