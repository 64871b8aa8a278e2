/** To be imported before tests of documents, which then keep them in a store that speaks S3, and take their time. */
process.env["TEST_STORAGE"] = "s3";
jest.setTimeout(90_000);
