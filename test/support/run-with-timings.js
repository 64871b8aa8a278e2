/** Runs a script of the built server with the timings that its second argument gives as JSON. */
const [, , script, timings] = process.argv;
void require(script).main(JSON.parse(timings));
