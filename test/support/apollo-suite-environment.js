const { TestEnvironment } = require("jest-environment-node");

const landingPage = "browsers are shown a page of our own";
const contentType = "a body that does not say it is JSON is refused with 415 before anything else is looked at";
const noStore = "no response of the API may be stored";

/** Tests of Apollo's suite that fail, since this server departs from Apollo on purpose, and how it does. */
const departures = {
  "defaults to LocalDefault": landingPage,
  "can specify version for LocalDefault": landingPage,
  "can be disabled": landingPage,
  "basic GET works": landingPage,
  "basic GET works with more complex header": landingPage,
  "returns a string": landingPage,
  throws: landingPage,
  default: contentType,
  "throws an error if POST body is empty": contentType,
  "throws an error if invalid content-type": contentType,
  "throws an error if POST JSON is malformed": "the error names the mistake in words of our own",
  "cache-control not set without any hints with if-cacheable": noStore,
  "runs when cache-control is disabled": noStore,
};

/** Expects the departures, so that a test of which this server no longer departs fails until it is taken off the list. */
module.exports = class extends TestEnvironment {
  handleTestEvent(event, state) {
    if (event.name !== "add_test" || !Object.hasOwn(departures, event.testName)) return;
    const test = state.currentDescribeBlock.tests.at(-1);
    test.name += ` (departs: ${departures[event.testName]})`;
    test.failing = true;
  }
};
