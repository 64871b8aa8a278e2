/** Runs a command of the program that its first argument names, with the timings that the second one gives as JSON. */
const [program, timings] = process.argv.splice(1, 3, process.argv[2]).slice(1);
void require(program)
  .loadCommands()
  .then(({ main }) => main(JSON.parse(timings)));
